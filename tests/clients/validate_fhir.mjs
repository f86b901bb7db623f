// The npm package fhir, on all resources of a file: what it finds wrong with each.
import { readFileSync } from 'node:fs';
import packaged from 'fhir';

const fhir = new packaged.Fhir();
const found = JSON.parse(readFileSync(process.argv[2])).map((resource) =>
  fhir
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ location, message }) => `${location}: ${message}`),
);
process.stdout.write(JSON.stringify(found));

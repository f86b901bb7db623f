// @medplum/core's MedplumClient, used as its documentation shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import { assertion, crowd, fhir, smart } from './backend_services.mjs';

const SYSTEM = 'https://ehr.example/medplum';
const { token_endpoint: tokenUrl } = await smart();
const medplum = new MedplumClient({
  baseUrl: new URL('/', fhir).href,
  fhirUrlPath: 'fhir',
  tokenUrl,
});
await medplum.startJwtAssertionLogin(await assertion(tokenUrl));

const patient = (elements) => ({ resourceType: 'Patient', ...elements });
const identified = (value, elements) =>
  patient({ identifier: [{ system: SYSTEM, value }], ...elements });

async function refused(asked) {
  try {
    await asked;
  } catch (error) {
    assert.ok(error instanceof OperationOutcomeError, String(error));
    return error.outcome.issue[0];
  }
  return assert.fail('it was not refused');
}

test('creates, reads, changes and deletes', async () => {
  const created = await medplum.createResource(
    patient({ name: [{ family: 'Smith', given: ['John'] }], active: true }),
  );
  const { id } = created;
  assert.equal((await medplum.readResource('Patient', id)).name[0].family, 'Smith');
  const changed = await medplum.updateResource({ ...created, active: false });
  assert.equal(changed.meta.versionId, '2');
  assert.equal((await medplum.readReference({ reference: `Patient/${id}` })).active, false);
  await medplum.deleteResource('Patient', id);
  assert.equal((await refused(medplum.readResource('Patient', id))).code, 'deleted');
});

test('creates once on a condition', async () => {
  const query = `identifier=${SYSTEM}|once`;
  const first = await medplum.createResourceIfNoneExist(identified('once'), query);
  const again = await medplum.createResourceIfNoneExist(identified('once'), query);
  assert.equal(again.id, first.id);
});

test('updates what a search finds, or creates', async () => {
  const query = `identifier=${SYSTEM}|put`;
  const first = await medplum.upsertResource(identified('put', { active: true }), query);
  const again = await medplum.upsertResource(identified('put', { active: false }), query);
  assert.deepEqual([again.id, again.active], [first.id, false]);
});

test('patches by JSON Patch', async () => {
  const { id } = await medplum.createResource(patient({ name: [{ family: 'Smyth' }] }));
  const patched = await medplum.patchResource('Patient', id, [
    { op: 'test', path: '/meta/versionId', value: '1' },
    { op: 'replace', path: '/name/0/family', value: 'Smith' },
  ]);
  assert.deepEqual([patched.meta.versionId, patched.name[0].family], ['2', 'Smith']);
});

test('hears of a version conflict', async () => {
  const created = await medplum.createResource(patient({ active: true }));
  const options = { headers: { 'If-Match': 'W/"1"' } };
  await medplum.updateResource({ ...created, active: false }, options);
  const issue = await refused(medplum.updateResource({ ...created, gender: 'other' }, options));
  assert.equal(issue.code, 'conflict');
});

test('pages through 120 patients', async () => {
  const sent = await medplum.executeBatch(crowd('Ramsbottom'));
  const made = new Set(sent.entry.map((entry) => entry.resource.id));
  const sizes = [];
  const found = [];
  for await (const page of medplum.searchResourcePages('Patient', 'family=Ramsbottom&_count=7')) {
    sizes.push(page.length);
    found.push(...page.map((each) => each.id));
  }
  assert.deepEqual(sizes, [...Array(17).fill(7), 1]);
  assert.deepEqual(new Set(found), made);
});

test('searches', async () => {
  const sought = await medplum.createResource(
    identified('sought', { name: [{ family: 'Crabtree' }], birthDate: '1951-02-03' }),
  );
  const query = { name: 'Crab', birthdate: 'lt1990-01-01', _sort: '-_lastUpdated' };
  const bundle = await medplum.search('Patient', query);
  assert.equal(bundle.entry[0].resource.id, sought.id);
  const one = await medplum.searchOne('Patient', `identifier=${SYSTEM}|sought`);
  assert.equal(one.id, sought.id);
  const many = await medplum.searchResources('Patient', { name: 'Crab', _count: 5 });
  assert.equal(many.length, 1);
  const fields = { name: 'Crab', _fields: undefined, _total: 'accurate' };
  assert.equal((await medplum.search('Patient', fields)).total, 1);
});

test('sends a transaction and a batch', async () => {
  const fullUrl = 'urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a5001';
  const sent = await medplum.executeBatch({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl,
        resource: identified('in-bundle'),
        request: {
          method: 'POST',
          url: 'Patient',
          ifNoneExist: `identifier=${SYSTEM}|in-bundle`,
        },
      },
      {
        resource: {
          resourceType: 'Condition',
          subject: { reference: fullUrl },
          code: { text: 'Lonely' },
        },
        request: { method: 'POST', url: 'Condition' },
      },
    ],
  });
  const [person, condition] = sent.entry.map((entry) => entry.resource);
  assert.equal(condition.subject.reference, `Patient/${person.id}`);
  const everything = await medplum.readPatientEverything(person.id);
  assert.equal(everything.entry.length, 2);
  const { entry } = await medplum.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: `Patient/${person.id}` } },
      { request: { method: 'GET', url: `/Condition?patient=${person.id}` } },
    ],
  });
  assert.equal(entry[0].resource.id, person.id);
  assert.equal(entry[1].resource.entry[0].resource.id, condition.id);
});

test('patches within a batch by a Binary', async () => {
  const { id } = await medplum.createResource(patient({ active: true }));
  const patch = [{ op: 'replace', path: '/active', value: false }];
  const { entry } = await medplum.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      {
        request: { method: 'PATCH', url: `Patient/${id}` },
        resource: {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: Buffer.from(JSON.stringify(patch)).toString('base64'),
        },
      },
    ],
  });
  assert.equal(entry[0].response.status.slice(0, 3), '200');
  assert.equal((await medplum.readResource('Patient', id)).active, false);
});

test('reads history', async () => {
  const created = await medplum.createResource(patient({ active: true }));
  await medplum.updateResource({ ...created, active: false });
  const history = await medplum.readHistory('Patient', created.id);
  assert.deepEqual(history.entry.map((entry) => entry.resource.active), [false, true]);
  const first = await medplum.readVersion('Patient', created.id, '1');
  assert.equal(first.active, true);
});

test('signs in with a secret too', async () => {
  const small = new MedplumClient({ baseUrl: new URL('/', fhir).href, fhirUrlPath: 'fhir', tokenUrl });
  await small.startClientLogin('demo-fhir-client', 'demo-fhir-client-secret');
  assert.equal((await small.search('Patient', '_count=1')).type, 'searchset');
  const stranger = new MedplumClient({ baseUrl: new URL('/', fhir).href, tokenUrl });
  await assert.rejects(stranger.startClientLogin('demo-fhir-client', 'wrong'));
});

test('hears what is wrong', async () => {
  const issue = await refused(medplum.createResource(patient({ gender: 'femal' })));
  assert.deepEqual(issue.expression, ['Patient.gender']);
  const validated = await medplum.validateResource(patient({ gender: 'femal' }));
  assert.equal(validated.issue[0].severity, 'error');
  assert.equal((await refused(medplum.search('Patient', 'shoe-size=7'))).severity, 'error');
});

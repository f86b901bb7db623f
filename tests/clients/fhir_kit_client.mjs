// fhir-kit-client, used as its README shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapabilityTool, Client } from 'fhir-kit-client';
import { crowd, fhir, token } from './backend_services.mjs';

const SYSTEM = 'https://ehr.example/fhir-kit-client';
const client = new Client({ baseUrl: fhir });
const { tokenUrl } = await client.smartAuthMetadata();
client.bearerToken = await token(tokenUrl);

const status = (resource) => Client.httpFor(resource).response.status;
const patient = (elements) => ({ resourceType: 'Patient', ...elements });
const identified = (value, elements) =>
  patient({ identifier: [{ system: SYSTEM, value }], ...elements });

async function refused(asked) {
  try {
    await asked;
  } catch (error) {
    return error.response;
  }
  return assert.fail('it was not refused');
}

test('creates, reads, changes and deletes', async () => {
  const resourceType = 'Patient';
  const created = await client.create({
    resourceType,
    body: patient({ name: [{ family: 'Smith', given: ['Jane'] }], active: true }),
  });
  const { id } = created;
  assert.equal(status(created), 201);
  assert.equal((await client.read({ resourceType, id })).name[0].family, 'Smith');
  const changed = await client.update({ resourceType, id, body: { ...created, active: false } });
  assert.equal(changed.meta.versionId, '2');
  assert.equal((await client.vread({ resourceType, id, version: '1' })).active, true);
  await client.delete({ resourceType, id });
  assert.equal((await refused(client.read({ resourceType, id }))).status, 410);
});

test('prefers a minimal answer', async () => {
  const minimal = await client.create({
    resourceType: 'Patient',
    body: patient(),
    options: { headers: { Prefer: 'return=minimal' } },
  });
  const { response } = Client.httpFor(minimal);
  assert.equal(response.status, 201);
  assert.match(response.headers.get('Location'), /\/fhir\/Patient\/[^/]+\/_history\/1$/);
  assert.deepEqual({ ...minimal }, {});
});

test('creates once on a condition', async () => {
  const options = { headers: { 'If-None-Exist': `identifier=${SYSTEM}|once` } };
  const asked = { resourceType: 'Patient', body: identified('once'), options };
  const first = await client.create(asked);
  const again = await client.create(asked);
  assert.deepEqual([status(first), status(again)], [201, 200]);
  assert.equal(again.id, first.id);
});

test('updates on a condition', async () => {
  const asked = (elements) => ({
    resourceType: 'Patient',
    searchParams: { identifier: `${SYSTEM}|put` },
    body: identified('put', elements),
  });
  const first = await client.update(asked({ active: true }));
  const again = await client.update(asked({ active: false }));
  assert.deepEqual([status(first), status(again)], [201, 200]);
  assert.deepEqual([again.id, again.active], [first.id, false]);
});

test('patches by JSON Patch', async () => {
  const body = patient({ name: [{ family: 'Smith' }], active: true });
  const { id } = await client.create({ resourceType: 'Patient', body });
  const patched = await client.patch({
    resourceType: 'Patient',
    id,
    jsonPatch: [
      { op: 'replace', path: '/active', value: false },
      { op: 'add', path: '/name/-', value: { use: 'nickname', text: 'Jay' } },
    ],
  });
  assert.equal(patched.active, false);
  assert.equal(patched.name[1].text, 'Jay');
});

test('hears of a version conflict', async () => {
  const resourceType = 'Patient';
  const created = await client.create({ resourceType, body: patient({ active: true }) });
  const { id } = created;
  const put = (etag) =>
    client.update({ resourceType, id, body: created, options: { headers: { 'If-Match': etag } } });
  await put('W/"1"');
  const conflict = await refused(put('W/"1"'));
  assert.equal(conflict.status, 412);
  assert.equal(conflict.data.resourceType, 'OperationOutcome');
});

test('pages through 120 patients, forwards', async () => {
  const sent = await client.transaction({ body: crowd('Sutcliffe') });
  const made = new Set(sent.entry.map((entry) => entry.resource.id));
  const found = [];
  let bundle = await client.search({
    resourceType: 'Patient',
    searchParams: { family: 'Sutcliffe', _count: '7' },
  });
  let pages = 0;
  while (bundle) {
    found.push(...bundle.entry.map((entry) => entry.resource.id));
    pages += 1;
    bundle = await client.nextPage({ bundle }) ?? null;
  }
  assert.equal(pages, 18);
  assert.equal(found.length, 120);
  assert.deepEqual(new Set(found), made);
});

test('searches by address, by form and in a compartment', async () => {
  const body = identified('sought', { birthDate: '1951-02-03', name: [{ family: 'Greenwood' }] });
  const { id } = await client.create({ resourceType: 'Patient', body });
  await client.create({
    resourceType: 'Condition',
    body: { resourceType: 'Condition', code: { text: 'Lonely' }, subject: { reference: `Patient/${id}` } },
  });
  const ids = (bundle) => bundle.entry.map((entry) => entry.resource.id);
  const searchParams = { name: 'Green', birthdate: 'lt1990-01-01', identifier: `${SYSTEM}|sought` };
  const resourceType = 'Patient';
  assert.deepEqual(ids(await client.search({ resourceType, searchParams })), [id]);
  const options = { postSearch: true };
  assert.deepEqual(ids(await client.search({ resourceType, searchParams, options })), [id]);
  assert.deepEqual(ids(await client.resourceSearch({ resourceType, searchParams })), [id]);
  const compartment = { resourceType: 'Patient', id };
  const conditions = await client.search({ resourceType: 'Condition', compartment });
  assert.equal(conditions.entry[0].resource.code.text, 'Lonely');
  const everything = await client.operation({ name: 'everything', method: 'GET', ...compartment });
  assert.equal(everything.entry.length, 2);
  const posted = await client.operation({ name: 'everything', ...compartment });
  assert.equal(posted.entry.length, 2);
  const resolved = await client.resolve({ reference: `Patient/${id}` });
  assert.equal(resolved.birthDate, '1951-02-03');
});

test('sends a transaction and a batch', async () => {
  const fullUrl = 'urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a4001';
  const sent = await client.transaction({
    body: {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { fullUrl, resource: patient(), request: { method: 'POST', url: 'Patient' } },
        {
          resource: {
            resourceType: 'Condition',
            subject: { reference: fullUrl },
            code: { text: 'Lonely' },
          },
          request: { method: 'POST', url: 'Condition' },
        },
      ],
    },
  });
  const [person, condition] = sent.entry.map((entry) => entry.resource);
  assert.equal(condition.subject.reference, `Patient/${person.id}`);
  const { entry } = await client.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Patient/${person.id}` } },
        { request: { method: 'GET', url: `Condition?subject=Patient/${person.id}&_count=5` } },
        { request: { method: 'GET', url: 'Patient/none' } },
      ],
    },
  });
  assert.equal(entry[0].resource.id, person.id);
  assert.equal(entry[1].resource.entry[0].resource.id, condition.id);
  assert.equal(entry[2].response.status.slice(0, 3), '404');
});

test('reads history of an instance, a type and all', async () => {
  const resourceType = 'Goal';
  const goal = {
    resourceType,
    lifecycleStatus: 'active',
    description: { text: 'Sew again' },
    subject: { reference: `Patient/${(await client.create({ resourceType: 'Patient', body: patient() })).id}` },
  };
  const created = await client.create({ resourceType, body: goal });
  await client.update({
    resourceType,
    id: created.id,
    body: { ...created, lifecycleStatus: 'completed' },
  });
  const one = await client.history({ resourceType, id: created.id });
  assert.deepEqual(
    one.entry.map((entry) => entry.resource.lifecycleStatus), ['completed', 'active'],
  );
  assert.equal((await client.history({ resourceType })).entry.length, 2);
  assert.ok((await client.history()).entry.length > 2);
});

test('finds what the capability statement promises', async () => {
  const tool = new CapabilityTool(await client.capabilityStatement());
  assert.ok(tool.serverCan('transaction'));
  assert.ok(tool.resourceCan('Patient', 'create'));
  assert.ok(tool.resourceSearch('Patient', 'birthdate'));
});

test('hears what is wrong', async () => {
  const body = patient({ gender: 'femal' });
  const { status: code, data } = await refused(client.create({ resourceType: 'Patient', body }));
  assert.equal(code, 422);
  assert.deepEqual(data.issue[0].expression, ['Patient.gender']);
  const validated = await client.operation({ name: 'validate', resourceType: 'Patient', input: body });
  assert.equal(validated.issue[0].severity, 'error');
});

// fhirclient (the SMART project's, for JavaScript), used as its documentation shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import FHIR from 'fhirclient';
import { crowd, fhir, smart, token } from './backend_services.mjs';

const SYSTEM = 'https://ehr.example/fhirclient-js';
// The functions for servers want a request and a response, of which only sessions make use.
const client = FHIR({ headers: {}, session: {} }, {}).client({
  serverUrl: fhir,
  tokenResponse: { access_token: await token((await smart()).token_endpoint) },
});

const patient = (elements) => ({ resourceType: 'Patient', ...elements });

const post = (bundle) =>
  client.request({
    url: '',
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(bundle),
  });

async function refused(asked) {
  try {
    await asked;
  } catch (error) {
    return error;
  }
  return assert.fail('it was not refused');
}

test('creates, reads, changes and deletes', async () => {
  const created = await client.create(patient({ name: [{ family: 'Smith' }], active: true }));
  const { id } = created;
  assert.equal((await client.request(`Patient/${id}`)).name[0].family, 'Smith');
  const changed = await client.update({ ...created, active: false });
  assert.equal(changed.meta.versionId, '2');
  await client.delete(`Patient/${id}`);
  const gone = await refused(client.request(`Patient/${id}`));
  assert.equal(gone.statusCode, 410);
});

test('creates once on a condition', async () => {
  const body = patient({ identifier: [{ system: SYSTEM, value: 'once' }] });
  const options = { headers: { 'if-none-exist': `identifier=${SYSTEM}|once` } };
  const first = await client.create(body, options);
  const again = await client.create(body, options);
  assert.equal(again.id, first.id);
});

test('patches by JSON Patch', async () => {
  const { id } = await client.create(patient({ active: true }));
  const patched = await client.patch(`Patient/${id}`, [
    { op: 'replace', path: '/active', value: false },
  ]);
  assert.equal(patched.active, false);
});

test('hears of a version conflict', async () => {
  const created = await client.create(patient({ active: true }));
  const options = { headers: { 'If-Match': 'W/"1"' } };
  await client.update({ ...created, active: false }, options);
  const conflict = await refused(client.update({ ...created, gender: 'other' }, options));
  assert.equal(conflict.statusCode, 412);
});

test('pages through 120 patients', async () => {
  const sent = await post(crowd('Holroyd'));
  const made = new Set(sent.entry.map((entry) => entry.resource.id));
  const asked = 'Patient?family=Holroyd&_count=7';
  const found = await client.request(asked, { pageLimit: 0, flat: true });
  assert.equal(found.length, 120);
  assert.deepEqual(new Set(found.map((each) => each.id)), made);
  const sizes = [];
  await client.request(asked, { pageLimit: 0, onPage: ({ entry }) => sizes.push(entry.length) });
  assert.deepEqual(sizes, [...Array(17).fill(7), 1]);
});

test('resolves what a search refers to', async () => {
  const surgery = await client.create({ resourceType: 'Organization', name: 'Weir Surgery' });
  const managingOrganization = { reference: `Organization/${surgery.id}` };
  const { id } = await client.create(patient({ managingOrganization }));
  const read = await client.request(`Patient/${id}`, {
    resolveReferences: ['managingOrganization'],
    graph: true,
  });
  assert.equal(read.managingOrganization.name, 'Weir Surgery');
  const { references } = await client.request(
    { url: `Patient?_id=${id}` },
    { pageLimit: 0, flat: true, resolveReferences: 'managingOrganization', graph: false },
  );
  assert.equal(references[`Organization/${surgery.id}`].name, 'Weir Surgery');
});

test('sends a transaction and reads history', async () => {
  const fullUrl = 'urn:uuid:5a3f1a1c-6f1d-4b57-9a53-0d5a3c1a6001';
  const { entry } = await post({
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
  });
  const [person, condition] = entry.map((each) => each.resource);
  assert.equal(condition.subject.reference, `Patient/${person.id}`);
  await client.update({ ...condition, code: { text: 'Lonely and sad' } });
  const history = await client.request(`Condition/${condition.id}/_history`);
  assert.deepEqual(
    history.entry.map((each) => each.resource.code.text), ['Lonely and sad', 'Lonely'],
  );
});

test('tells which release the server speaks', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});

test('hears what is wrong', async () => {
  const wrong = await refused(client.create(patient({ gender: 'femal' })));
  assert.equal(wrong.statusCode, 422);
  assert.match(wrong.message, /Patient\.gender|gender/);
  const stranger = FHIR({ headers: {}, session: {} }, {}).client({ serverUrl: fhir });
  assert.equal((await refused(stranger.request('Patient'))).statusCode, 401);
});

// SMART Backend Services with jose: what each of the clients below leaves to others, or takes ready.
import { importJWK, SignJWT } from 'jose';

// Who asks, as tests/clients/conftest.py registered it.
export const { fhir, client_id: clientId, key } = JSON.parse(process.env.KERSEY_CLIENT);

// A transaction that makes 120 Patients of one surname.
export function crowd(family) {
  const entry = Array.from({ length: 120 }, (_, number) => ({
    resource: { resourceType: 'Patient', name: [{ family, given: [`Number ${number}`] }] },
    request: { method: 'POST', url: 'Patient' },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

export async function smart() {
  return (await fetch(`${fhir}/.well-known/smart-configuration`)).json();
}

export async function assertion(audience) {
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES384', typ: 'JWT', kid: key.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setExpirationTime('4 minutes')
    .setJti(crypto.randomUUID())
    .sign(await importJWK(key, 'ES384'));
}

export async function token(tokenUrl) {
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'system/*.cruds',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(String(tokenUrl)),
    }),
  });
  return (await answer.json()).access_token;
}

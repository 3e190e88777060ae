// A certified OpenID provider (npm: oidc-provider) for tests: `node issuer.mjs FOLDER`.
//
// FOLDER has config.json (port, clients, keys) and state.json, so that the process may be killed
// and started again. Below /test/ are routes that no issuer has: they mint tokens for a user without
// a browser, change the keys, and count what was asked.
import { createServer } from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, modules] = process.argv.slice(2);
const entry = createRequire(join(modules, 'x.js')).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(entry));

const config = JSON.parse(readFileSync(join(folder, 'config.json')));
const stateFile = join(folder, 'state.json');
const state = new Map(existsSync(stateFile) ? JSON.parse(readFileSync(stateFile)) : []);
const issuer = `http://127.0.0.1:${config.port}`;
const counts = {};

class Adapter {
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  save() {
    writeFileSync(stateFile, JSON.stringify([...state]));
  }
  async upsert(id, payload, expiresIn) {
    const ends = expiresIn ? Date.now() + expiresIn * 1000 : null;
    state.set(this.key(id), { payload, ends });
    this.save();
  }
  async find(id) {
    const found = state.get(this.key(id));
    if (!found || (found.ends && found.ends < Date.now())) return undefined;
    return found.payload;
  }
  async findByUid(uid) {
    for (const { payload } of state.values()) if (payload.uid === uid) return payload;
    return undefined;
  }
  async findByUserCode() {
    return undefined;
  }
  async consume(id) {
    const found = state.get(this.key(id));
    if (found) found.payload.consumed = Math.floor(Date.now() / 1000);
    this.save();
  }
  async destroy(id) {
    state.delete(this.key(id));
    this.save();
  }
  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of state) if (payload.grantId === grantId) state.delete(key);
    this.save();
  }
}

const resources = {
  'https://api.example.com/orders': { audience: 'orders', accessTokenFormat: 'jwt' },
  'https://api.example.com/vault': { audience: 'vault', accessTokenFormat: 'opaque' },
};

function resourceServer(resource) {
  const known = resources[resource];
  return {
    scope: 'orders.read',
    accessTokenTTL: 3600,
    jwt: { sign: { alg: 'ES256' } },
    ...known,
  };
}

function build(keys) {
  return new Provider(issuer, {
    adapter: Adapter,
    clients: config.clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys },
    scopes: ['openid', 'orders.read'],
    findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.from(config.nonceSecret, 'hex'),
        requireNonce: () => false,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
      },
    },
  });
}

let provider = build(config.keys);
let answer = provider.callback();

async function minted({ sub, resource, thumbprint }) {
  const client = await provider.Client.find('shop');
  const grant = new provider.Grant({ accountId: sub, clientId: client.clientId });
  grant.addResourceScope(resource, 'orders.read');
  const grantId = await grant.save();
  const token = new provider.AccessToken({
    accountId: sub,
    client,
    grantId,
    gty: 'authorization_code',
    scope: 'orders.read',
  });
  token.resourceServer = new provider.ResourceServer(resource, resourceServer(resource));
  if (thumbprint) token.setThumbprint('jkt', thumbprint);
  return { token: await token.save() };
}

const tests = {
  '/test/token': minted,
  '/test/keys': async ({ keys }) => {
    config.keys = keys;
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    provider = build(keys);
    answer = provider.callback();
    return {};
  },
  '/test/counts': async () => counts,
};

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  const test = tests[path];
  if (!test) {
    counts[path] = (counts[path] ?? 0) + 1;
    answer(request, response);
    return;
  }
  try {
    const told = JSON.stringify(await test(await body(request)));
    response.writeHead(200, { 'content-type': 'application/json' }).end(told);
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
}).listen(config.port, '127.0.0.1', () => console.log('listening'));

// A provider on localhost. `POST /next` says who will be at it next and how they will have signed in; there is no page.
import http from 'node:http';
import { Provider } from 'oidc-provider';

const [port, clientId, clientSecret, redirectUri, home] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
let next = { account: 'nobody', amr: [] };

const provider = new Provider(issuer, {
  clients: [{
    client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], response_types: ['code'],
    grant_types: ['authorization_code'], post_logout_redirect_uris: [home],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  claims: { openid: ['sub', 'amr', 'acr'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: ['for tests only'] },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

const answer = provider.callback();
http.createServer(async (request, response) => {
  if (request.url === '/next') {
    const parts = [];
    for await (const part of request) parts.push(part);
    next = JSON.parse(Buffer.concat(parts));
    response.end('{}');
  } else if (request.url.startsWith('/interaction/')) {
    await provider.interactionFinished(request, response, next.error ? { error: next.error } : {
      login: { accountId: next.account, amr: next.amr, acr: next.acr, remember: true },
    });
  } else {
    answer(request, response);
  }
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));

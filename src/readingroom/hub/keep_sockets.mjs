// Loaded into configurable-http-proxy before it starts (node --import): connections to Unix sockets are kept and
// used again, as the proxy itself does for TCP.
//
// Without an agent Node asks for `Connection: close`. The server then closes as soon as it has answered, and when
// that is before Node has ended its own request, Linux fails that end with EPIPE on a Unix socket (never on TCP):
// the proxy says 503 although the server has done what was asked. Measured on forms: up to one in eight.
import { realpathSync } from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const program = dirname(dirname(realpathSync(process.argv[1])));
const { ConfigurableProxy } = await import(pathToFileURL(join(program, "lib", "configproxy.js")));

// Idle connections go before the servers would drop them (portal 75 s, Hub and workspaces 3600 s): a request never
// meets a connection that is just being closed.
const agent = new http.Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 32 });
const optionsFor = ConfigurableProxy.prototype.proxyOptsForTarget;

ConfigurableProxy.prototype.proxyOptsForTarget = function (target) {
  const options = optionsFor.call(this, target);
  if (options.target.socketPath) options.agent = agent;
  return options;
};

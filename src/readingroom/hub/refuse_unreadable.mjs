// Loaded into configurable-http-proxy before it starts (node --import): an address that cannot be read is refused.
//
// The proxy decodes each address to find its route. On escapes that are no UTF-8, as `%ff` or the overlong `%c0%ae`, it
// answers 500 itself, with a trace of its stack in the log; so any visitor could fill that, and look for faults there.
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const program = dirname(dirname(realpathSync(process.argv[1])));
const { ConfigurableProxy } = await import(pathToFileURL(join(program, "lib", "configproxy.js")));

const REFUSAL = JSON.stringify({
  message: "The address cannot be read.", rule: "proxy.address",
  next_step: "Check it: what is percent-encoded must be UTF-8.",
});
const HEADERS = {
  "Content-Type": "application/json", "Content-Length": Buffer.byteLength(REFUSAL), "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Connection": "close",
};

const isReadable = (url) => {
  try {
    decodeURIComponent(new URL(url, "http://example.com").pathname); // as `targetForReq` does
    return true;
  } catch {
    return false;
  }
};

const { handleProxyWeb, handleProxyWs } = ConfigurableProxy.prototype;

ConfigurableProxy.prototype.handleProxyWeb = function (request, response) {
  if (isReadable(request.url)) return handleProxyWeb.call(this, request, response);
  response.writeHead(400, HEADERS).end(REFUSAL);
};

ConfigurableProxy.prototype.handleProxyWs = function (request, socket, head) {
  if (isReadable(request.url)) return handleProxyWs.call(this, request, socket, head);
  socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
};

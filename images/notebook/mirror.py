"""The project's package mirror at 127.0.0.1, where pip and R look for it: each request goes to the door with our token.

Convenience, never a control: the portal decides by the token what this project may have, and whoever changes this
program in their container gets no further than with it.
"""

import shutil
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from readingroom_lab.door import Door

PORT = 8765
PARTS = ("/pip/", "/cran/")
PASSED_ON = ("Content-Type", "Content-Length")


class Mirror(BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith(PARTS):
            return self.send_error(404)
        try:
            with closing(Door()) as door:
                answer = door.get(f"/packages{self.path}")
                self.send_response(answer.status)
                for name in PASSED_ON:
                    if value := answer.getheader(name):
                        self.send_header(name, value)
                self.end_headers()
                shutil.copyfileobj(answer, self.wfile)
        except OSError as error:
            self.send_error(503, f"The mirror does not answer: {error.strerror}")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Mirror).serve_forever()

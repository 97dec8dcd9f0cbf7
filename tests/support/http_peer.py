"""An HTTP server on loopback that does as it is told, and remembers what it was asked.

    with http_peer.Peer() as peer:                      # Peer(tls=certificates.make(folder))
        peer.on('/hook', {'status': 500}, {'status': 429, 'headers': {'Retry-After': '2'}}, {})
        peer.on('/bulk*', lambda request: {'json': ...})
        ... peer.url('/hook') ...
        for r in peer.wait(3, '/hook'):
            print(r.method, r.path, r.headers['content-type'], r.text, r.connection)

Answers of a path are given in this order; the last one stays. The rule made last is asked first; a
pattern may end in *. What no rule knows is answered 404. An answer is a dict, everything may be left out:

    status      200
    headers     dict or list of pairs; Content-Length is added
    body        text or bytes, `repeat` times (1); or json: anything that becomes JSON
    gzip        True: the body is sent compressed
    truncate    the body ends after so many bytes; the message is whole (half a JSON text)
    raw         text that is sent as it is; then the connection is closed, or with stays: True kept
    delay       seconds before the answer
    fault       silent     the request is read, nothing is answered
                close      the connection is closed, nothing is answered
                reset      the same with a TCP reset
                cut        a reset in the middle of the body
                drip       one byte of the body in `pause` seconds (1)
                endless    a body that does not end
                heads      a head that does not end
                garbage    an answer that is not HTTP
                unread     the body of the request is not read: answered at once, then closed

As a program it takes commands, JSON objects a line, and answers each with a line:

    http_peer.py [--tls FOLDER [--expired] [--ask-client]]
        first line: {"port": 12345, "url": "http://127.0.0.1:12345"}, and with TLS the certificates
    {"on": "/hook", "answers": [{"status": 500}, {}]}   -> {}
    {"requests": "*", "wait": 3, "seconds": 10}         -> {"requests": [{"method", "path", "headers", …}]}
    {"count": "*"}                                      -> {"requests": 7, "connections": 2}
    {"clear": true}                                     -> {}: what was asked is forgotten
It ends with its input.
"""
import argparse
import collections
import fnmatch
import gzip
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates         # noqa: E402

HEAD_BYTES_MAX = 1 << 20
SECONDS = 60
ENDLESS = b'x' * 65536
ANSWERED, CLOSE = True, False


class Headers(dict):
    """Names in lower case; values of one name joined by ', '. `list` has them as they came."""
    def __init__(self, pairs):
        super().__init__()
        self.list = pairs
        for name, value in pairs:
            name = name.lower()
            self[name] = self[name] + ', ' + value if name in self else value


class Request:
    def __init__(self, method, path, pairs, body, connection):
        self.method, self.path, self.headers = method, path, Headers(pairs)
        self.body = body                # as it came
        self.connection = connection    # which one, counted from 1
        self.at = time.monotonic()

    @property
    def text(self):
        packed = self.headers.get('content-encoding') == 'gzip'
        return (gzip.decompress(self.body) if packed else self.body).decode('utf-8', 'replace')

    @property
    def json(self):
        return json.loads(self.text)

    def as_dict(self):
        return {'method': self.method, 'path': self.path, 'headers': dict(self.headers),
                'text': self.text, 'bytes': len(self.body), 'connection': self.connection, 'at': self.at}


class Gone(Exception):
    """The client has closed the connection."""


class Connection:
    def __init__(self, peer, sock, number):
        self.peer, self.sock, self.number = peer, sock, number
        self.held = b''

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.held += data

    def line(self):
        while b'\n' not in self.held:
            if len(self.held) > HEAD_BYTES_MAX:
                raise Gone
            self.more()
        line, self.held = self.held.split(b'\n', 1)
        return line.rstrip(b'\r').decode('latin-1')

    def take(self, n):
        while len(self.held) < n:
            self.more()
        data, self.held = self.held[:n], self.held[n:]
        return data

    def body(self, headers):
        if 'chunked' in headers.get('transfer-encoding', ''):
            parts = []
            while True:
                size = int(self.line().split(';')[0], 16)
                parts.append(self.take(size))
                self.line()
                if not size:
                    return b''.join(parts)
        return self.take(int(headers.get('content-length', 0)))

    def head(self):
        words = self.line().split(' ')
        pairs = []
        while True:
            line = self.line()
            if not line:
                return words[0], words[1], pairs
            name, _, value = line.partition(':')
            pairs.append((name, value.strip()))

    def serve(self):
        try:
            while True:
                method, path, pairs = self.head()
                unread = self.peer.peek(path).get('fault') == 'unread'
                body = b'' if unread else self.body(Headers(pairs))
                request = Request(method, path, pairs, body, self.number)
                answer = self.peer.take_answer(request)
                if self.give(request, answer) is CLOSE:
                    break
        except (Gone, OSError, ValueError, IndexError):
            pass
        finally:
            self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        return CLOSE

    def give(self, request, answer):
        fault = answer.get('fault')
        if answer.get('delay'):
            self.peer.stopped.wait(answer['delay'])
        if fault == 'silent':
            self.sock.settimeout(SECONDS)
            self.more()         # until the client has had enough
            return CLOSE
        if fault == 'close':
            return CLOSE
        if fault == 'reset':
            return self.reset()
        if fault == 'garbage':
            self.sock.sendall(b'\x16\x03this is not HTTP\r\n\r\n')
            return CLOSE
        if 'raw' in answer:
            self.sock.sendall(answer['raw'].encode('latin-1'))
            return ANSWERED if answer.get('stays') else self.linger()
        if fault == 'heads':
            return self.heads()
        body, headers = content(answer)
        status = answer.get('status', 200)
        chunked = fault == 'endless'
        if chunked:
            headers.append(('Transfer-Encoding', 'chunked'))
        elif status >= 200 and status != 204:
            headers.append(('Content-Length', str(len(body))))
        head = 'HTTP/1.1 %d Status\r\n%s\r\n' % (status, ''.join('%s: %s\r\n' % h for h in headers))
        if request.method == 'HEAD':
            body = b''
        if fault in ('drip', 'cut', 'endless'):
            self.sock.sendall(head.encode('latin-1'))
            return getattr(self, fault)(answer, body)
        self.sock.sendall(head.encode('latin-1') + body)
        return self.linger() if fault == 'unread' else ANSWERED

    def linger(self):
        """As servers do: closing with something unread would reset, and take the answer with it."""
        self.sock.shutdown(socket.SHUT_WR)
        self.sock.settimeout(1)
        while self.sock.recv(1 << 20):
            pass
        return CLOSE

    def drip(self, answer, body):
        for i in range(len(body)):
            self.sock.sendall(body[i:i + 1])
            if self.peer.stopped.wait(answer.get('pause', 1)):
                return CLOSE
        return ANSWERED

    def cut(self, _, body):
        self.sock.sendall(body[:len(body) // 2])
        self.peer.stopped.wait(0.05)        # a reset overtakes what has not been read
        return self.reset()

    def endless(self, *_):
        while not self.peer.stopped.is_set():
            self.sock.sendall(b'%x\r\n%s\r\n' % (len(ENDLESS), ENDLESS))
        return CLOSE

    def heads(self):
        self.sock.sendall(b'HTTP/1.1 200 Status\r\n')
        while not self.peer.stopped.is_set():
            self.sock.sendall(b'X-More: %s\r\n' % ENDLESS[:1000] * 64)
        return CLOSE


def content(answer):
    """Body and headers."""
    headers = answer.get('headers', {})
    headers = [tuple(h) for h in (headers.items() if isinstance(headers, dict) else headers)]
    body = answer.get('body', b'')
    if 'json' in answer:
        body = json.dumps(answer['json'])
        headers.append(('Content-Type', 'application/json'))
    if isinstance(body, str):
        body = body.encode()
    if 'repeat' in answer:
        body = body * answer['repeat']
    if 'truncate' in answer:
        body = body[:answer['truncate']]
    if answer.get('gzip'):
        body = gzip.compress(body, 1)
        headers.append(('Content-Encoding', 'gzip'))
    return body, headers


class Peer:
    """port 0: any free one. tls: what certificates.make returns."""
    def __init__(self, port=0, tls=None, expired=False, ask_client=False):
        self.rules = []                 # (pattern, deque of answers), the newest first
        self.requests = []
        self.connections = 0
        self.open = set()
        self.stopped = threading.Event()
        self.changed = threading.Condition()
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*((tls.expired, tls.expired_key) if expired else
                                           (tls.server, tls.server_key)))
            if ask_client:
                self.context.load_verify_locations(tls.ca)
                self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', port))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]

    def url(self, path='', host='127.0.0.1'):
        return '%s://%s:%d%s' % ('https' if self.context else 'http', host, self.port, path)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.listener.close()
        with self.changed:
            for sock in self.open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self.connections += 1
                number = self.connections
                self.open.add(sock)
            threading.Thread(target=self.attend, args=(sock, number), daemon=True).start()

    def attend(self, raw, number):
        try:
            sock = self.context.wrap_socket(raw, server_side=True) if self.context else raw
            Connection(self, sock, number).serve()
        except OSError:
            raw.close()
        finally:
            with self.changed:
                self.open.discard(raw)

    def on(self, pattern, *answers):
        with self.changed:
            self.rules.insert(0, (pattern, collections.deque(answers)))

    def rule_of(self, path):
        for pattern, answers in self.rules:
            if fnmatch.fnmatchcase(path.split('?')[0], pattern):
                return answers
        return None

    def peek(self, path):
        with self.changed:
            answers = self.rule_of(path)
            return answers[0] if answers and isinstance(answers[0], dict) else {}

    def take_answer(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            answers = self.rule_of(request.path)
            if answers is None:
                return {'status': 404}
            answer = answers.popleft() if len(answers) > 1 else answers[0] if answers else {}
        return answer(request) if callable(answer) else answer

    def asked(self, pattern='*'):
        with self.changed:
            return [r for r in self.requests if fnmatch.fnmatchcase(r.path, pattern)]

    def wait(self, n, pattern='*', seconds=SECONDS):
        """The requests, as soon as there are n; fewer when the time is over."""
        end = time.monotonic() + seconds
        while True:
            with self.changed:
                found = [r for r in self.requests if fnmatch.fnmatchcase(r.path, pattern)]
                left = end - time.monotonic()
                if len(found) >= n or left <= 0:
                    return found
                self.changed.wait(left)

    def clear(self):
        with self.changed:
            self.requests.clear()


def obey(peer, command):
    if 'on' in command:
        peer.on(command['on'], *command['answers'])
    elif 'requests' in command:
        found = peer.wait(command.get('wait', 0), command['requests'], command.get('seconds', SECONDS))
        return {'requests': [r.as_dict() for r in found]}
    elif 'count' in command:
        return {'requests': len(peer.asked(command['count'])), 'connections': peer.connections}
    elif 'clear' in command:
        peer.clear()
    else:
        return {'error': 'unknown command'}
    return {}


def main():
    parser = argparse.ArgumentParser(usage='http_peer.py [--tls FOLDER [--expired] [--ask-client]]')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--tls', metavar='FOLDER')
    parser.add_argument('--expired', action='store_true')
    parser.add_argument('--ask-client', action='store_true')
    options = parser.parse_args()
    tls = certificates.make(options.tls) if options.tls else None
    with Peer(options.port, tls, options.expired, options.ask_client) as peer:
        first = {'port': peer.port, 'url': peer.url()}
        first.update(vars(tls) if tls else {})
        print(json.dumps(first), flush=True)
        for line in sys.stdin:
            print(json.dumps(obey(peer, json.loads(line))), flush=True)


if __name__ == '__main__':
    main()

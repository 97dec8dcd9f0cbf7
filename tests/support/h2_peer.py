"""An HTTP/2 server on loopback that answers every request with 200, and remembers their bodies. It knows frames,
not what is in headers.

    with h2_peer.Peer(tls=certificates.make(folder)) as peer:
        ... peer.url('/hook') ...
        peer.bodies         of the requests
        peer.spoken         what each connection began with: 'h2', or 'other'
"""
import socket
import ssl
import struct
import threading

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
STATUS_200 = b'\x88'        # by HPACK's table


class Gone(Exception):
    """The client has closed the connection."""


class Connection:
    def __init__(self, peer, sock):
        self.peer, self.sock = peer, sock
        self.held = {}          # bodies by stream

    def take(self, n):
        data = b''
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise Gone
            data += more
        return data

    def send(self, kind, flags, stream, payload=b''):
        self.sock.sendall(struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + payload)

    def serve(self):
        ours = self.take(len(PREFACE)) == PREFACE
        self.peer.spoken.append('h2' if ours else 'other')
        if not ours:
            return
        self.send(SETTINGS, 0, 0)
        while True:
            head = self.take(9)
            kind, flags, stream = head[3], head[4], struct.unpack('>I', head[5:])[0]
            payload = self.take(struct.unpack('>I', b'\0' + head[:3])[0])
            self.got(kind, flags, stream, payload)

    def got(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.send(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self.send(PING, ACK, 0, payload)
        elif kind == GOAWAY:
            raise Gone
        elif kind in (HEADERS, DATA):
            self.held[stream] = self.held.get(stream, b'') + (payload if kind == DATA else b'')
            if kind == DATA and payload:
                self.send(WINDOW_UPDATE, 0, 0, struct.pack('>I', len(payload)))
            if flags & END_STREAM:
                self.peer.bodies.append(self.held.pop(stream))
                self.send(HEADERS, END_HEADERS | END_STREAM, stream, STATUS_200)


class Peer:
    """tls: what certificates.make returns; it agrees to nothing but h2."""
    def __init__(self, tls=None):
        self.bodies, self.spoken = [], []
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls.server, tls.server_key)
            self.context.set_alpn_protocols(['h2'])
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]

    def url(self, path='', host='127.0.0.1'):
        return '%s://%s:%d%s' % ('https' if self.context else 'http', host, self.port, path)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.attend, args=(sock,), daemon=True).start()

    def attend(self, sock):
        try:
            with (self.context.wrap_socket(sock, server_side=True) if self.context else sock) as s:
                Connection(self, s).serve()
        except (Gone, OSError):
            pass

"""Real servers of Redis for tests, and a client in the standard library.

    with redis_server.Server() as r:            # or Server('appendonly yes'), Cluster(), Sentinel(…)
        r.client('SET', 'a', 1)                 # bytes, int, None, list; errors are raised
        r.port, r.tls, r.socket, r.ca
        r.kill(); r.resume()
"""
import os
import re
import socket
import subprocess
import tempfile
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, '../../tools/services/redis')
CANNOT_HAVE = 77
SECONDS = 30


class Error(Exception):
    """What Redis answered."""


class Client:
    def __init__(self, port):
        self.port = port
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def __call__(self, *words):
        return self.all([words])[0]

    def all(self, commands):
        """One pipeline; an Error stands for itself in the answers of several."""
        if not self.connection:
            self.connection = socket.create_connection(('127.0.0.1', self.port), SECONDS)
            self.lines = self.connection.makefile('rb')
        try:
            self.connection.sendall(b''.join(self.encode(c) for c in commands))
            answers = [self.read() for _ in commands]
        except OSError:
            self.close()
            raise
        if len(answers) == 1 and isinstance(answers[0], Error):
            raise answers[0]
        return answers

    @staticmethod
    def encode(words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words)

    def read(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError('Redis is gone')
        kind, rest = line[:1], line[1:-2]
        if kind == b'-':
            return Error(rest.decode())
        if kind == b':':
            return int(rest)
        if kind == b'+':
            return rest
        n = int(rest)
        if n < 0:
            return None
        if kind == b'$':
            return self.lines.read(n + 2)[:-2]
        return [self.read() for _ in range(n)]


def call(*arguments):
    environment = dict(os.environ, REDIS_OWNER=str(os.getpid()))
    done = subprocess.run([SCRIPT] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError('tools/services/redis %s: %s' % (' '.join(arguments), done.stderr.strip()))
    return done.stdout


def unavailable():
    """Why there is no Redis here, or None."""
    done = subprocess.run([SCRIPT, 'install'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr.strip() if done.returncode == CANNOT_HAVE else None


class Server:
    prefix = ''

    def __init__(self, *settings):
        self.folder = tempfile.mkdtemp(prefix='weir-redis-')
        options = [x for s in settings for x in ('--set', s)]
        self.take(call(self.prefix + 'start', self.folder, *options))
        self.client = Client(self.port)

    def take(self, told):
        found = dict(re.findall(r'(\w+)=(\S+)', told))
        self.ports = [int(p) for p in found['port'].split(',')]
        self.pids = [int(p) for p in found['pid'].split(',') if p != 'none']
        self.port, self.pid, self.tls = self.ports[0], self.pids[0] if self.pids else None, int(found['tls'])
        self.socket, self.ca = found['unix'], found['ca']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client.close()
        call('kill', self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        self.client.close()
        call('kill', self.folder)

    def resume(self):
        self.take(call('resume', self.folder))

    @property
    def uri(self):
        return 'redis://127.0.0.1:%d/0' % self.port


class Sentinel(Server):
    """Sentinel('sentinel monitor shop 127.0.0.1 7000 1', …)"""
    prefix = 'sentinel-'


class Cluster(Server):
    """Three masters. client asks the first one; node(key) the one that has the key."""
    prefix = 'cluster-'

    def __init__(self, *settings):
        super().__init__(*settings)
        self.clients = [self.client] + [Client(p) for p in self.ports[1:]]

    def close(self):
        for c in self.clients:
            c.close()
        super().close()

    def node(self, key):
        slot = self.client('CLUSTER', 'KEYSLOT', key)
        return self.clients[self.owner(slot)]

    def owner(self, slot):
        for first, last, master, *_ in self.client('CLUSTER', 'SLOTS'):
            if first <= slot <= last:
                return self.ports.index(master[1])
        raise RuntimeError('nobody has slot %d' % slot)

    def ask(self, *words):
        """A command whose second word is its key."""
        return self.node(words[1])(*words)

    def name(self, index):
        return self.clients[index]('CLUSTER', 'MYID')

    def move(self, slot, to):
        """A slot with its keys, as redis-cli --cluster reshard does it; each step can be taken alone."""
        for _ in self.steps(slot, to):
            pass

    def steps(self, slot, to):
        at = self.owner(slot)
        source, target = self.clients[at], self.clients[to]
        target('CLUSTER', 'SETSLOT', slot, 'IMPORTING', self.name(at))
        source('CLUSTER', 'SETSLOT', slot, 'MIGRATING', self.name(to))
        yield
        while True:
            keys = source('CLUSTER', 'GETKEYSINSLOT', slot, 10)
            if not keys:
                break
            for key in keys:
                source('MIGRATE', '127.0.0.1', self.ports[to], key, 0, SECONDS * 1000)
            yield
        name = self.name(to)
        for c in (target, source) + tuple(c for c in self.clients if c not in (source, target)):
            c('CLUSTER', 'SETSLOT', slot, 'NODE', name)
        yield

"""What tests of connectors share: a folder of their own, the engine in it, records in and out."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))
RELEASE = os.path.abspath(os.environ.get('WEIR_RELEASE', os.path.join(HERE, '../../build/release/weir')))
SECONDS = 60     # for what must come to pass
END_SECONDS = 180 # for a process with much to do
PAUSE = 0.02

TESTS = []


def test(function):
    """Its name and its docstring say what must hold. Called with a Case."""
    TESTS.append(function)
    return function


class Wrong(Exception):
    """What had to hold does not."""


class Skipped(Exception):
    """This machine lacks what the test needs."""


def must(holds, *what):
    if not holds:
        raise Wrong(' '.join(str(w) for w in what))


def equal(got, wanted, what=''):
    must(got == wanted, '%s: got %r, wanted %r' % (what or 'differs', got, wanted))


def until(call, seconds=SECONDS, what=''):
    """What call returns, when that is something. what may be a call, too."""
    deadline = time.monotonic() + seconds
    while True:
        got = call()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Wrong('not within %s s: %s' % (seconds, what() if callable(what) else what))
        time.sleep(PAUSE)


def healthy(text):
    for sign in ('ERROR: AddressSanitizer', 'WARNING: ThreadSanitizer', 'runtime error:', 'LeakSanitizer', 'panic'):
        must(sign not in text, text[-4000:])


class Engine:
    """A process of weir run."""

    def __init__(self, command, path, env):
        self.path = path
        with open(path + '.err', 'wb') as err, open(path + '.out', 'wb') as out:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err, env=env)

    def text(self, end):
        with open(self.path + end, encoding='utf-8', errors='replace') as f:
            return f.read()

    def err(self):
        return self.text('.err')

    def out(self):
        return self.text('.out')

    def feed(self, *records):
        """Lines for `--input TOPIC=-`."""
        self.process.stdin.write(''.join(json.dumps(r) + '\n' for r in records).encode())
        self.process.stdin.flush()

    def says(self, text, seconds=SECONDS):
        def said():
            must(text in self.err() or self.process.poll() is None, 'ended without saying %r:\n%s' % (
                text, self.err()[-3000:]))
            return text in self.err()
        until(said, seconds, lambda: '%r in\n%s' % (text, self.err()[-3000:]))

    def ends(self, status=0, seconds=END_SECONDS):
        try:
            self.process.stdin.close()
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Wrong('does not end within %s s:\n%s' % (seconds, self.err()[-3000:])) from None
        healthy(self.err())
        must(status is None or got == status, 'exit status %s, wanted %s:\n%s%s' % (
            got, status, self.out()[-2000:], self.err()[-3000:]))
        return self

    def stop(self, status=0):
        """In order."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends(status)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def rss(self):
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith('VmRSS:'))


class Case:
    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix='weir-connectors-')
        self.engines = []
        self.notes = []

    def note(self, text, *what):
        """A figure, shown with -v."""
        self.notes.append(text % what)

    def close(self):
        for engine in self.engines:
            if engine.process.poll() is None:
                engine.process.send_signal(signal.SIGCONT)
                engine.kill()
            engine.process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def records(self, name, records):
        """A file for --input."""
        return self.write(name, ''.join(json.dumps(r) + '\n' for r in records))

    def start(self, sql, *options, data='data', weir=WEIR, env=None):
        """Starts it. data: name of the data directory, or None."""
        number = len(self.engines)
        command = [weir, 'run'] + (['--data-dir', self.path(data)] if data else []) + list(options)
        command.append(self.write('%d.sql' % number, sql))
        env = {**os.environ, 'WEIR_FAULT': '', 'ASAN_OPTIONS': 'detect_leaks=1', **(env or {})}
        engine = Engine(command, self.path('run-%d' % number), env)
        self.engines.append(engine)
        return engine

    def run(self, sql, *options, status=0, seconds=END_SECONDS, **more):
        """To the end of what there is to do."""
        return self.start(sql, '--until-idle', *options, **more).ends(status, seconds)

    def refused(self, sql, *texts, **more):
        """Statements that fail, with these words."""
        said = self.run(sql, status=None, **more).err()
        for text in texts:
            must(text in said, '%r is not in\n%s' % (text, said))
        return said

    def topic(self, name, data='data', base64=False):
        """The records of a topic of a data directory that nobody uses, as dicts."""
        done = subprocess.run([WEIR, 'consume', name, '--data-dir', self.path(data)] + ['--base64'] * base64,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        must(done.returncode in (0, 3), done.stderr.decode())
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

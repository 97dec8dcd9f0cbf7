"""One `weir pipe`: requests out, answers in, with a limit of time."""
import json
import os
import select
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))


class Broken(Exception):
    """The process ended, hung, or wrote something that is not an answer."""


class Pipe:
    def __init__(self, seconds):
        self.seconds = seconds
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([WEIR, 'pipe'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.buffer = b''

    def ask(self, request):
        try:
            self.process.stdin.write(json.dumps(request).encode() + b'\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Broken('ended\n' + self.stderr())
        while b'\n' not in self.buffer:
            if not select.select([self.process.stdout], [], [], self.seconds)[0]:
                raise Broken('no answer after %d s' % self.seconds)
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                self.process.wait()
                raise Broken('ended with %d\n%s' % (self.process.returncode, self.stderr()))
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b'\n')
        try:
            answer = json.loads(line)
        except ValueError:
            raise Broken('not JSON: %r' % line[:500])
        if not isinstance(answer, dict) or not isinstance(answer.get('ok'), bool):
            raise Broken('not an answer: %r' % line[:500])
        return answer

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode('utf-8', 'replace')[-6000:]

    def close(self):
        """Ends it; what it says then (leaks) counts, too."""
        self.process.stdin.close()
        try:
            status = self.process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return 'no end after its input'
        self.process.stdout.close()
        return None if status == 0 else 'ended with %d\n%s' % (status, self.stderr())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def functions():
    """kind → [(name, argument texts, result text)], every overload, as the binary describes them."""
    from grammar import signature
    with tempfile.NamedTemporaryFile('w', suffix='.sql') as f:
        f.write('LIST FUNCTIONS;')
        f.flush()
        listed = subprocess.run([WEIR, 'run', '--until-idle', f.name], stdout=subprocess.PIPE).stdout.decode()
    names = [line.split()[0] for line in listed.split('\n')[2:] if line.strip()]
    pipe = Pipe(30)
    pipe.ask({'op': 'reset'})
    found = {'SCALAR': [], 'AGGREGATE': [], 'TABLE': []}
    for name in names:
        answer = pipe.ask({'op': 'sql', 'text': 'DESCRIBE FUNCTION %s;' % name})
        text = answer['results'][0]['message'] if answer['ok'] else ''
        part = {}
        for line in text.split('\n'):
            word, _, rest = line.partition(':')
            part[word.strip()] = rest.strip()
            if word.strip() == 'Returns':
                name, arguments = signature(part['Variation'])
                found[part['Type']].append((name, arguments, part['Returns']))
    pipe.close()
    return found

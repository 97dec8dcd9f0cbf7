"""Running the binary on files in a folder of its own."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(HERE, '../../build/dev/weir')))
SECONDS = 60


class Done:
    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    def trouble(self):
        """What no input may cause."""
        if self.status is None:
            return 'no end after %d s' % SECONDS
        if self.status < 0:
            return 'ended by signal %d\n%s' % (-self.status, self.stderr[-3000:])
        for sign in ('ERROR: AddressSanitizer', 'runtime error:', 'LeakSanitizer', 'panic'):
            if sign in self.stderr:
                return self.stderr[-3000:]
        return None


def weir(arguments, stdin=b'', folder=None):
    try:
        done = subprocess.run([WEIR] + arguments, input=stdin, cwd=folder, timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        return Done(None, '', '')
    return Done(done.returncode, done.stdout.decode('utf-8', 'replace'),
                done.stderr.decode('utf-8', 'replace'))


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'wb') as f:
        f.write(text if isinstance(text, bytes) else text.encode('utf-8'))
    return path


def lines(path):
    with open(path, encoding='utf-8') as f:
        return [json.loads(line, parse_float=lambda s: {'number': s}) for line in f]

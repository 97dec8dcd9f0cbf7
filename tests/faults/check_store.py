"""Disks that are full, fail or lie, and limits of the machine (rows 19 to 22)."""
import glob
import os
import shutil
import subprocess

from engine import COPY, COUNT, RELEASE, Skipped, counted, equal, exact, must, rows, test, until

REMEDY = 'restore it from a copy, or start with an empty directory'


def limited(kind, soft):
    """A wrapper that sets a limit for the process."""
    return ['prlimit', '--%s=%s' % (kind, soft), '--']


@test
def full_disk(case):
    """Row 19: no space left: the process says so and what to do, exit status 1; with space again it goes on,
    exactly once."""
    os.mkdir(case.path('disk'))
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'none', case.path('disk')],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Skipped('no file system can be mounted: ' + done.stderr.strip())
    case.mounted.append(case.path('disk'))
    case.create('src', 2)
    case.produce('src', rows(0, 300))
    engine = case.run(COUNT, data='disk/data')
    exact(case, 300)
    engine.stop()
    with open(case.path('disk', 'ballast'), 'wb', buffering=0) as f:
        try:
            while True:
                f.write(b'x' * 4096)
        except OSError:
            pass        # full
    case.produce('src', rows(300, 20000, keys=7))
    case.run(COUNT, data='disk/data').ends(1, 'no space left on device', 'free some space and start again')
    os.unlink(case.path('disk', 'ballast'))
    engine = case.run(COUNT, data='disk/data')
    exact(case, 20000)
    counted(case, 20000)
    engine.stop()


@test
def failing_writes(case):
    """Row 20: a write of the store that fails ends the process with the reason, exit status 1, and nothing
    is tried again over it; the next run goes on, exactly once."""
    case.create('src', 2)
    for n, point in enumerate(('pending.written', 'store.write', 'store.written', 'epoch.collected')):
        case.produce('src', rows(n * 100, n * 100 + 100))
        case.run(COUNT, env={'WEIR_FAULT': point + ':1:error'}).ends(1, 'injected fault at ' + point)
    engine = case.run(COUNT)
    exact(case, 400)
    counted(case, 400)
    engine.stop()


@test
def failing_fsync(case):
    """Row 20: fdatasync of the log of epochs that fails with EIO, injected with strace: as a failing write."""
    if not shutil.which('strace'):
        raise Skipped('strace is not installed')
    case.create('src', 2)
    case.produce('src', rows(0, 100))
    engine = case.run(COUNT)
    exact(case, 100)
    engine.stop()
    case.produce('src', rows(100, 200))
    engine = case.run(COUNT, wrap=['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e',
                                   'inject=fdatasync:error=EIO', '-P', case.path('data', 'epochs.log')],
                      env={'ASAN_OPTIONS': 'detect_leaks=0'})
    engine.ends(1, 'Input/output error')
    engine = case.run(COUNT)
    exact(case, 200)
    counted(case, 200)
    engine.stop()


def damaged(case, folder, name, change):
    """A copy of the data directory with one file changed."""
    shutil.rmtree(case.path(folder), ignore_errors=True)
    shutil.copytree(case.path('data'), case.path(folder))
    (path,) = glob.glob(case.path(folder, name))[:1] or (None,)
    if path is None:
        return False
    with open(path, 'r+b') as f:
        change(f)
    return True


def flip(f):
    """Bits in the middle."""
    size = f.seek(0, 2)
    f.seek(size // 2)
    data = f.read(16)
    f.seek(size // 2)
    f.write(bytes(b ^ 0x55 for b in data))


def cut(f):
    f.truncate(max(1, f.seek(0, 2) // 2))


def foreign(f):
    f.seek(0)
    f.write(b'this is no such file')


@test
def damaged_files(case):
    """Row 21: a file of the data directory with other bits, cut short or of something else is refused with
    the remedy, exit status 1: never read, never a crash, and nothing is written to Kafka."""
    case.create('src', 2)
    case.produce('src', rows(0, 5000, keys=1000))
    engine = case.run(COUNT, eos=False)
    exact(case, 5000)
    engine.stop()
    engine = case.run(COUNT, eos=False)      # the log of the first run becomes a table file
    until(lambda: glob.glob(case.path('data', '*.sst')))
    case.produce('src', rows(5000, 5100, keys=1000))
    exact(case, 5100)
    engine.stop()
    tried = 0
    for name in ('*.sst', 'MANIFEST-*', 'CURRENT'):
        for change in (flip, cut, foreign):
            if not damaged(case, 'damaged', name, change):
                continue
            tried += 1
            said = case.run(COUNT, data='damaged').ends(1)
            must('data directory' in said and REMEDY in said, name, change.__name__, said)
    must(tried >= 9, tried)
    equal(len(case.records('copied')), 5100)


@test
def damaged_log(case):
    """Row 21: the log of epochs with other bits, or of something else, is refused with the remedy; cut short
    it is older than what Kafka has committed, which is refused, too. Whole again, it goes on, exactly once."""
    case.create('src', 2)
    for n in range(3):
        case.produce('src', rows(n * 1000, n * 1000 + 1000, keys=1000))
        engine = case.run(COUNT)
        exact(case, n * 1000 + 1000)
        engine.stop()
    for change, remedy in ((flip, REMEDY), (foreign, REMEDY), (cut, 'start with an empty --data-dir')):
        must(damaged(case, 'damaged', 'epochs.log', change))
        case.run(COUNT, data='damaged').ends(1, remedy)
    equal(len(case.records('copied')), 3000)
    case.produce('src', rows(3000, 4000, keys=1000))
    engine = case.run(COUNT)
    exact(case, 4000)
    counted(case, 4000, keys=1000)
    engine.stop()


@test
def few_file_descriptors(case):
    """Row 22: with too few file descriptors the process ends with a message, or works; the data directory
    is sound afterwards."""
    case.create('src', 2)
    for count in (12, 40):
        case.produce('src', rows(0, 1))
        engine = case.run(COPY, data='few%d' % count, wrap=limited('nofile', '%d:%d' % (count, count)),
                          env={'ASAN_OPTIONS': 'detect_leaks=0'})
        survives(case, engine)


@test
def little_memory(case):
    """Row 22: with little address space the process ends with a message, or works; it does not hang, and
    the data directory is sound afterwards."""
    case.create('src', 2)
    case.produce('src', rows(0, 100))
    for mega in (200, 400): # with less the allocator and librdkafka do not start their threads
        engine = case.run(COPY, data='little', wrap=limited('as', '%d:%d' % (mega << 20, mega << 20)), weir=RELEASE)
        survives(case, engine, 'little memory')
    engine = case.run(COPY, data='little')
    until(lambda: len(case.look('copied')) == 100)
    engine.stop()


def survives(case, engine, *_):
    try:
        until(lambda: engine.process.poll() is not None or case.look('copied'), 5)
    except Exception:
        pass
    if engine.process.poll() is None:
        engine.stop_failed()
    else:
        must(engine.stderr().strip(), 'it ends without a word, status', engine.process.returncode)
        must(engine.process.returncode not in (-11, -7, -4), 'signal', engine.process.returncode, engine.stderr())

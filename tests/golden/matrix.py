"""The ways to run a golden case. All of them must write the same."""
import os
import signal
import subprocess
import tempfile

import golden

BATCHES = (1, 3, 1024)
WORKERS = (1, 3)
CUTS = (0.25, 0.5, 0.8)
PIECES = 6
NO_MEMORY = ['--set', 'weir.state.memory.bytes=1']  # state that can leave memory does so at each commit


def check(case, quick):
    """(what is wrong or None, number of runs)"""
    runs = 0
    for name, call in ways(case, quick):
        with tempfile.TemporaryDirectory(dir=golden.SCRATCH) as folder:
            problem, n = call(folder)
        runs += n
        if problem is not None:
            return '%s: %s' % (name, problem), runs
    return None, runs


def ways(case, quick):
    yield '', lambda folder: straight(case, folder, ['--batch-rows', '1'])
    if quick or case.errors:
        return
    for rows in BATCHES:
        for workers in WORKERS:
            shape = ['--batch-rows', str(rows), '--workers', str(workers)]
            name = '%d rows, %d workers' % (rows, workers)
            if (rows, workers) != (1, 1):
                yield name, lambda folder, s=shape: straight(case, folder, s)
            if (rows == 3) == (workers == 3):
                yield name + ', on disk', lambda folder, s=shape: straight(
                    case, folder, s + ['--data-dir', os.path.join(folder, 'data')])
    n = len(case.inputs)
    if n < 2 or case.inserts():
        return
    for nth, at in enumerate(sorted({max(1, int(n * part)) for part in CUTS})):
        rows = BATCHES[nth % 3], BATCHES[(nth + 1) % 3]
        yield 'restored after record %d' % at, lambda folder, a=at, r=rows: restored(
            case, folder, a, r)
    yield 'cold state', lambda folder: cold(case, folder)
    if len(case.topics()) == 1 and not case.report:
        yield 'killed', lambda folder: killed(case, folder, [])
        yield 'killed with cold state', lambda folder: killed(case, folder, NO_MEMORY)


def straight(case, folder, arguments):
    run = golden.Run(case, folder, case.inputs, arguments)
    return golden.difference(case, run), 1


def restored(case, folder, at, rows):
    """One process takes the first records, another one, of another shape, the rest."""
    data = ['--data-dir', os.path.join(folder, 'data')]
    first = golden.Run(case, folder, case.inputs[:at], data + ['--batch-rows', str(rows[0])])
    if first.status != 0:
        return golden.difference(case, first), 1
    second = golden.Run(case, folder, case.inputs[at:],
                        data + ['--batch-rows', str(rows[1]), '--workers', '3'])
    return golden.difference(case, second, first), 2


class Earlier(list):
    def number(self, path):
        return sum(run.number(path) for run in self)


def cold(case, folder):
    """Each piece of the records has a process, whose state is in the store only when it begins."""
    data = ['--data-dir', os.path.join(folder, 'data')] + NO_MEMORY
    earlier = Earlier()
    n = len(case.inputs)
    cuts = sorted({n * i // PIECES for i in range(PIECES + 1)})
    for nth, (begin, end) in enumerate(zip(cuts, cuts[1:])):
        run = golden.Run(case, folder, case.inputs[begin:end],
                         data + ['--batch-rows', str(BATCHES[nth % 3]),
                                 '--workers', str(WORKERS[nth % 2])])
        if run.status != 0 or end == n:
            return golden.difference(case, run, earlier), nth + 1
        earlier.append(run)
    return None, 0


def killed(case, folder, more):
    """A live run is killed with half its records committed and the rest under way. What the topic
    holds then is asked, and the records that it lacks are given to the next process."""
    topic = case.topics()[0]
    half = max(1, len(case.inputs) // 2)
    sql = os.path.join(folder, 'live.sql')
    with open(sql, 'w', encoding='utf-8') as f:
        f.write(case.text)
    data = ['--data-dir', os.path.join(folder, 'data')] + more
    command = [golden.WEIR, 'run'] + golden.SETTINGS + data + [
        '--set', 'commit.interval.ms=1', '--set', 'ksql.streams.cache.max.bytes.buffering=0',
        '--input', topic + '=-', '--output', topic + '=-', sql]
    live = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    try:
        for _, _, line in case.inputs[:half]:
            live.stdin.write(line.encode() + b'\n')
        live.stdin.flush()
        for _ in range(half):           # outputs follow the commit
            if not live.stdout.readline():
                return 'the live run ended: ' + live.stderr.read().decode('utf-8', 'replace'), 1
        for _, _, line in case.inputs[half:]:
            live.stdin.write(line.encode() + b'\n')
        live.stdin.flush()
    finally:
        live.send_signal(signal.SIGKILL)
        live.communicate()
    held = records_of(topic, folder, data)
    if held < half:
        return '%d records of %s were committed, %d are left' % (half, topic, held), 2
    rest = golden.Run(case, folder, case.inputs[held:], data)
    return golden.difference(case, rest, live=True), 3


def records_of(topic, folder, data):
    empty = os.path.join(folder, 'empty.sql')
    with open(empty, 'w', encoding='utf-8'):
        pass
    done = subprocess.run([golden.WEIR, 'run', '--until-idle', '--output', topic + '=-'] + data +
                          [empty], stdout=subprocess.PIPE, timeout=golden.SECONDS)
    return done.stdout.count(b'\n')

"""Row-at-a-time models of the stateful operators, written from the rules of Kafka Streams and nothing
else. Each takes the records in order and returns (key, value, timestamp, window start, window end)."""
from engine import merged


def windows(records, size, advance, grace, final):
    state, stream_time, out = {}, -1, []
    last_close, newest = None, -1
    for _, ts, key, value in records:
        if key is None or value is None:
            continue
        stream_time = max(stream_time, ts)
        close = stream_time - grace
        start = max(0, ts - size + advance) // advance * advance
        while start <= ts:
            if start + size > close:
                c, s, m = state.get((key, start), (0, 0, -1))
                state[(key, start)] = now = (c + 1, s + (value['N'] or 0), max(m, ts))
                newest = max(newest, start)
                if not final:
                    out.append((key, {'C': now[0], 'S': now[1]}, now[2], start, start + size))
            start += advance
        if final and close - size >= 0 and (last_close is None or close > last_close):
            lower = 0 if last_close is None else last_close - size + 1
            for key, start in sorted((k for k in state if lower <= k[1] <= close - size), key=lambda k: (k[1], k[0])):
                c, s, m = state[(key, start)]
                if start >= newest - size - grace:
                    out.append((key, {'C': c, 'S': s}, m, start, start + size))
            last_close = close
        elif final and last_close is None and close > 0:
            last_close = close
    return out


def sessions(records, gap, grace):
    state, stream_time, out = {}, -1, []
    for _, ts, key, value in records:
        if key is None or value is None:
            continue
        stream_time = max(stream_time, ts)
        near = [s for s in sorted(state.get(key, [])) if s[1] >= ts - gap and s[0] <= ts + gap]
        start, end = min([ts] + [s[0] for s in near]), max([ts] + [s[1] for s in near])
        if end < stream_time - grace - gap:
            continue
        if (start, end) != (ts, ts):
            out += [(key, None, s[1], s[0], s[1]) for s in near]
        grown = (start, end, 1 + sum(s[2] for s in near), (value['N'] or 0) + sum(s[3] for s in near))
        state[key] = [s for s in state.get(key, []) if s not in near] + [grown]
        out.append((key, {'C': grown[2], 'S': grown[3]}, end, start, end))
    return out


def pair(key, left, right, ts):
    return key, {'V': left and left['V'], 'W': right and right['W']}, ts, None, None


def stream_join(records, kind, before, after, grace):
    """`grace` None: the form without GRACE PERIOD, which tells unmatched rows at once. RIGHT is the
    LEFT join seen from the right, with the window as it stands."""
    if kind == 'RIGHT':
        before, after = after, before
    outer = {'l': kind in ('LEFT', 'FULL'), 'r': kind in ('RIGHT', 'FULL')}
    reach = {'l': (before, after), 'r': (after, before)}
    kept = {'l': [], 'r': []}            # (timestamp, number, key, value)
    waiting, stream_time, out = [], -1, []
    least = float('inf')                 # of the waiting rows, as far as Kafka Streams knows

    def joined(side, key, mine, other, ts):
        return pair(key, *((mine, other) if side == 'l' else (other, mine)), ts)

    for number, (side, ts, key, value) in enumerate(records):
        stream_time = max(stream_time, ts)
        if value is None:
            continue
        if key is None:
            if outer[side]:
                out.append(joined(side, key, value, None, ts))
            continue
        if grace is not None and ts == stream_time and least + reach[side][1] + grace < stream_time:
            least, opened = float('inf'), set()
            for w in sorted(waiting, key=lambda w: w[:4]):
                least = w[0]
                if len(opened) == 2:
                    break
                whose = 'l' if w[1] else 'r'
                if w[0] + reach[whose][1] + grace >= stream_time:
                    opened.add(whose)
                    continue
                out.append(joined(whose, w[2], w[4], None, w[0]))
                waiting.remove(w)
        kept[side].append((ts, number, key, value))
        back, ahead = reach[side]
        found = sorted((o for o in kept['r' if side == 'l' else 'l'] if o[2] == key and ts - back <= o[0] <= ts + ahead),
                       key=lambda o: o[:2])
        for o in found:
            waiting = [w for w in waiting if not (w[0] == o[0] and w[2] == key and w[1] != (side == 'l'))]
            out.append(joined(side, key, value, o[3], max(ts, o[0])))
        if not found and outer[side]:
            if grace is None or ts + ahead < stream_time:
                out.append(joined(side, key, value, None, ts))
            else:
                least = min(least, ts)
                waiting.append((ts, side == 'l', key, number, value))
    return out


def table_join(records, kind):
    tables, out = {'l': {}, 'r': {}}, []
    inner_side = {'INNER': 'lr', 'LEFT': 'r', 'RIGHT': 'l', 'FULL': ''}[kind]
    for side, ts, key, value in records:
        if key is None:
            continue
        mine, other = tables[side], tables['r' if side == 'l' else 'l']
        old = mine.pop(key, None)
        if value is not None:
            mine[key] = (value, ts)
        there = other.get(key)
        if there is None and (side in inner_side or kind == 'INNER' or (value is None and old is None)):
            continue
        stays = value is not None and side not in inner_side or there is not None and (
            value is not None or side in inner_side and kind != 'INNER' or kind == 'FULL')
        row = pair(key, *((value, there and there[0]) if side == 'l' else (there and there[0], value)),
                   max(ts, there[1] if there else -1))
        out.append(row if stays else row[:1] + (None,) + row[2:])
    return out


def foreign_join(records, kind):
    """l.F names the key of r. A subscription is a left row that waits for news of a right row; news are
    dropped when the left row has changed since."""
    lefts, rights, subscriptions, out = {}, {}, {}, []
    left_join = kind == 'LEFT'

    def answer(key, left, right, ts):
        if left is None or right is None and not left_join:
            out.append((key, None, ts, None, None))
        else:
            out.append((key, {'F': left['F'], 'V': left['V'], 'W': right and right['W']}, ts, None, None))

    for side, ts, key, value in records:
        if key is None:
            continue
        if side == 'r':
            rights.pop(key, None)
            if value is not None:
                rights[key] = (value, ts)
            for name, k in sorted(subscriptions):
                if name == key and subscriptions[(name, k)] == lefts.get(k):
                    answer(k, lefts[k], value, ts)
            continue
        old = lefts.pop(key, None)
        if value is not None:
            lefts[key] = value
        was, names = old and old['F'], value and value['F']
        if old is None and value is None:
            continue
        if not left_join and (old is not None and was is None or value is not None and names is None):
            continue                     # skipped, as Kafka Streams does; an old subscription stays
        if was is not None and was != names:
            subscriptions.pop((was, key), None)
        if names is not None:
            subscriptions[(names, key)] = value
        right = rights.get(was if value is None else names)
        if old is not None or right or left_join:
            answer(key, value, right and right[0], max(ts, right[1]) if right else ts)
    return out


def ordered(records):
    return list(merged(records))

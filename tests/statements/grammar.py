"""Statements that look valid: sources, queries and everything else, from a seeded generator.

An expression is made for a type: from a column, a literal, an operator or a function that returns it, its
arguments made the same way. So most statements pass the binder; a few wrong choices see to the rest.
"""
import re

SCALARS = ['INT', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'STRING', 'BYTES', 'DATE', 'TIME', 'TIMESTAMP', 'DECIMAL']
COMMON = ['INT', 'BIGINT', 'STRING', 'STRING', 'DOUBLE', 'BOOLEAN', 'DECIMAL']
UNITS = ['DAYS', 'HOURS', 'MINUTES', 'SECONDS', 'MILLISECONDS', 'SECOND']
TEXTS = ["''", "'a'", "'it''s'", "'%'", "'2020-01-01'", "'yyyy-MM-dd'", "'{\"a\":[1]}'", "'$.a'", "'(a|b)*'", "'é☃😀'",
         "'1.5'", "'UTC'", "'a,b'", "'MD5'", "'https://x.y/z?q=1#f'", "' x '", "'utf8'", "'hex'"]


class Type:
    def __init__(self, kind, *args, names=()):
        self.kind, self.args, self.names = kind, args, names

    def __str__(self):
        if self.kind == 'DECIMAL':
            return 'DECIMAL(%d, %d)' % (self.args or (10, 2))
        if self.kind == 'STRUCT':
            return 'STRUCT<%s>' % ', '.join('%s %s' % pair for pair in zip(self.names, self.args))
        return self.kind + ('<%s>' % ', '.join(map(str, self.args)) if self.args else '')

    def __eq__(self, other):
        return (self.kind, self.args, self.names) == (other.kind, other.args, other.names)

    def __hash__(self):
        return hash(str(self))


def split(text):
    """At the commas outside of brackets."""
    parts, depth, last = [], 0, ''
    for c in text:
        depth += (c in '<(') - (c in '>)' and not last.endswith('='))
        if c == ',' and depth == 0:
            parts.append(last.strip())
            last = ''
        else:
            last += c
    return parts + [last.strip()] if last.strip() else parts


def signature(line):
    """`NAME(ARRAY<T>, INT...)` → name, argument texts."""
    m = re.fullmatch(r'(\w+)\((.*)\)', line.strip())
    return m.group(1), split(m.group(2))


class Source:
    def __init__(self, name, table, key, columns, topic, window=None):
        self.name, self.table, self.key, self.columns = name, table, key, columns
        self.topic, self.window = topic, window

    def all(self):
        return ([self.key] if self.key else []) + self.columns


class Generator:
    def __init__(self, rng, functions):
        self.rng = rng
        self.scalars = functions['SCALAR']         # (name, argument texts, result text)
        self.aggregates = functions['AGGREGATE']
        self.sources = []
        self.result = None    # of the query made last: (table, key, columns, window), if they are known
        self.made = None      # the source that the statement made last would make
        self.names = 0

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def name(self, prefix):
        self.names += 1
        return '%s%d' % (prefix, self.names)

    # ---- types and expressions

    def type(self, depth=0):
        if depth < 3 and self.chance(20):
            kind = self.rng.choice(['ARRAY', 'MAP', 'STRUCT'])
            if kind == 'ARRAY':
                return Type(kind, self.type(depth + 1))
            if kind == 'MAP':
                return Type(kind, Type('STRING'), self.type(depth + 1))
            n = self.rng.randint(1, 3)
            return Type(kind, *[self.type(depth + 1) for _ in range(n)], names=tuple('F%d' % i for i in range(n)))
        kind = self.rng.choice(COMMON if self.chance(70) else SCALARS)
        if kind == 'DECIMAL':
            p = self.rng.randint(1, 38)
            return Type(kind, p, self.rng.randint(0, p))
        return Type(kind)

    def concrete(self, text, bound):
        """A type of a signature, type variables bound at random."""
        text = text.replace('VARCHAR', 'STRING')
        if text in bound:
            return bound[text]
        m = re.fullmatch(r'(ARRAY|MAP)<(.*)>', text)
        if m:
            return Type(m.group(1), *[self.concrete(t, bound) for t in split(m.group(2))])
        if text in SCALARS:
            return Type(text, 10, 2) if text == 'DECIMAL' else Type(text)
        bound[text] = self.type(1)
        return bound[text]

    def unify(self, text, t, bound):
        """Does a type of a signature fit the type? Binds its variables."""
        text = text.replace('VARCHAR', 'STRING')
        m = re.fullmatch(r'(ARRAY|MAP)<(.*)>', text)
        if m:
            return t.kind == m.group(1) and all(self.unify(a, b, bound) for a, b in zip(split(m.group(2)), t.args))
        if text in SCALARS:
            return text == t.kind
        return len(text) == 1 and bound.setdefault(text, t) == t

    def returning(self, t):
        """A scalar function whose result has the type, with the variables that this binds; or any."""
        for _ in range(60):
            overload, bound = self.rng.choice(self.scalars), {}
            if self.unify(overload[2], t, bound):
                return overload, bound
        return self.rng.choice(self.scalars), {}

    def literal(self, t):
        r = self.rng
        if self.chance(3):
            return 'NULL'
        if t.kind in ('INT', 'BIGINT'):
            return str(r.choice([0, 1, 2, -1, 3, 10, 2147483647, -2147483648, 86400000, 9223372036854775807]))
        if t.kind == 'DOUBLE':
            return r.choice(['1E0', '0E0', '-1.5E300', '1E-320', '2.5E0'])
        if t.kind == 'DECIMAL':
            return r.choice(['1.50', '0.00', '-99999.99', '.5', '12345678901234567890.123'])
        if t.kind == 'BOOLEAN':
            return r.choice(['TRUE', 'FALSE'])
        if t.kind == 'ARRAY':
            return 'ARRAY[%s]' % ', '.join(self.literal(t.args[0]) for _ in range(r.randint(1, 3)))
        if t.kind == 'MAP':
            return "MAP('k' := %s, 'l' := %s)" % (self.literal(t.args[1]), self.literal(t.args[1]))
        if t.kind == 'STRUCT':
            return 'STRUCT(%s)' % ', '.join('%s := %s' % (n, self.literal(a)) for n, a in zip(t.names, t.args))
        text = r.choice(TEXTS)
        return text if t.kind == 'STRING' else 'CAST(%s AS %s)' % (text, t) if t.kind != 'BYTES' else \
            "TO_BYTES(%s, 'utf8')" % text

    def expr(self, t, scope, depth=0):
        """`scope`: pairs of text and type."""
        r = self.rng
        if self.chance(1):
            t = self.type(1)
        if depth > 4 or self.chance(35):
            fits = [text for text, of in scope if of == t]
            return r.choice(fits) if fits and self.chance(85) else self.literal(t)
        way = r.randrange(10)
        sub = lambda kind: self.expr(kind, scope, depth + 1)
        if way == 0:
            return 'CASE WHEN %s THEN %s %sEND' % (sub(Type('BOOLEAN')), sub(t),
                                                   'ELSE %s ' % sub(t) if self.chance(60) else '')
        if way == 1:
            return 'CAST(%s AS %s)' % (sub(Type('STRING') if t.kind in SCALARS and self.chance(85) else t), t)
        if way == 2 and t.kind == 'BOOLEAN':
            return self.condition(scope, depth)
        if way == 3 and t.kind in ('INT', 'BIGINT', 'DOUBLE', 'DECIMAL'):
            return '(%s %s %s)' % (sub(t), r.choice('+-*/%'), sub(t))
        if way == 4:
            return r.choice(['%s[%s]' % (sub(Type('ARRAY', t)), sub(Type('INT'))),
                             "%s[%s]" % (sub(Type('MAP', Type('STRING'), t)), sub(Type('STRING'))),
                             'STRUCT(a := %s)->a' % sub(t), '-%s' % sub(t)])
        overload, bound = self.returning(t)
        return self.call(overload, scope, depth, bound)

    def condition(self, scope, depth=0):
        r = self.rng
        t = Type(r.choice(COMMON)) if self.chance(80) else self.type(1)
        a, b = self.expr(t, scope, depth + 1), self.expr(t, scope, depth + 1)
        return r.choice([
            '%s %s %s' % (a, r.choice(['=', '<>', '<', '>=', 'IS DISTINCT FROM']), b), '%s IS NOT NULL' % a,
            '%s IN (%s, %s)' % (a, b, self.literal(t)), '%s BETWEEN %s AND %s' % (a, b, self.literal(t)),
            '%s LIKE %s' % (self.expr(Type('STRING'), scope, depth + 1), r.choice(TEXTS)), 'NOT (%s = %s)' % (a, b),
            '(%s = %s OR %s IS NULL) AND TRUE' % (a, b, a)])

    def call(self, overload, scope, depth=0, bound=None):
        name, texts, _ = overload
        bound, args = dict(bound or {}), []
        for text in texts:
            lam = re.fullmatch(r'LAMBDA \((.*)\) => (\w+)', text)
            if lam:
                names = ['x%d_%d' % (depth, i) for i in range(len(split(lam.group(1))))]
                inner = scope + list(zip(names, [self.concrete(t, bound) for t in split(lam.group(1))]))
                body = self.expr(self.concrete(lam.group(2), bound), inner, depth + 2)
                args.append('(%s) => %s' % (', '.join(names), body))
                continue
            many = text.endswith('...')
            for _ in range(self.rng.randint(1, 3) if many else 1):
                t = self.concrete(text.rstrip('.'), bound)
                constant = overload in self.aggregates and args and t.kind in ('INT', 'BOOLEAN')
                args.append(self.literal(t) if constant else self.expr(t, scope, depth + 1))
        return '%s(%s)' % (name, ', '.join(args))

    # ---- statements

    def create(self):
        table = self.chance(40)
        key = ('K', Type(self.rng.choice(['INT', 'STRING', 'BIGINT']))) if table or self.chance(90) else None
        columns = [('C%d' % i, self.type()) for i in range(self.rng.randint(1, 5))]
        name = self.name('S')
        window = None
        extra = ''
        if key and not table and self.chance(8):
            window = self.rng.choice(['TUMBLING', 'SESSION'])
            extra = ", window_type='%s'" % window + ("" if window == 'SESSION' else ", window_size='10 SECONDS'")
        if self.chance(10):
            extra += ", timestamp='%s'" % (self.rng.choice([n for n, t in columns if t.kind == 'BIGINT'] or ['C0']))
        nested = any(t.kind in ('ARRAY', 'MAP', 'STRUCT') for _, t in columns)
        value = 'DELIMITED' if not nested and self.chance(15) else 'KAFKA' if len(columns) == 1 and self.chance(10) else 'JSON'
        self.sources.append(Source(name, table, key, columns, name.lower(), window))
        cols = ['%s %s %sKEY' % (key[0], key[1], 'PRIMARY ' if table else '')] if key else []
        cols += ['%s %s' % c for c in columns]
        if not table and self.chance(10):
            cols.append('h ARRAY<STRUCT<key STRING, value BYTES>> HEADERS')
        return "CREATE %s%s %s (%s) WITH (kafka_topic='%s', value_format='%s', key_format='%s', partitions=%d%s);" % (
            'OR REPLACE ' if self.chance(5) else '', 'TABLE' if table else 'STREAM', name, ', '.join(cols),
            name.lower(), value, ('KAFKA' if self.chance(70) else 'JSON') if key else 'NONE', self.rng.choice([1, 1, 1, 3]), extra)

    def window(self):
        n = self.rng.randint(1, 20)
        kind = self.rng.choice(['TUMBLING (SIZE %d %s', 'HOPPING (SIZE %d %s, ADVANCE BY 1 SECOND', 'SESSION (%d %s'])
        grace = ', GRACE PERIOD %d SECONDS' % self.rng.randint(0, 9) if self.chance(60) else ''
        return 'WINDOW ' + kind % (n, self.rng.choice(UNITS)) + grace + ')'

    def query(self):
        s = self.rng.choice(self.sources)
        how = self.rng.randrange(4)
        self.table_result = s.table
        if how == 0:
            return self.aggregation(s)
        if how == 1 and len(self.sources) > 1:
            others = [o for o in self.sources if o is not s and (o.table or not s.table)] or self.sources
            return self.join(s, self.rng.choice(others))
        scope = s.all()
        types = [self.type(1) for _ in range(self.rng.randint(1, 4))]
        items = ([s.key[0]] if s.key else []) + ['%s AS o%d' % (self.expr(t, scope), i) for i, t in enumerate(types)]
        self.result = s.table, s.key, [('o%d' % i, t) for i, t in enumerate(types)], s.window
        if self.chance(2 if s.table else 12):
            items.append('EXPLODE(%s) AS e' % self.expr(Type('ARRAY', self.type(2)), scope))
        sql = 'SELECT %s FROM %s' % ('*' if self.chance(10) else ', '.join(items), s.name)
        arrays = [n for n, t in s.columns if t.kind == 'ARRAY']
        if arrays and self.chance(30):
            sql += ' %sJOIN UNNEST(%s) AS u' % (self.rng.choice(['', 'CROSS ']), self.rng.choice(arrays))
        if self.chance(40):
            sql += ' WHERE ' + self.condition(scope)
        if not s.table and self.chance(15):
            e = self.expr(Type('STRING'), scope)
            sql = 'SELECT %s AS p, %s FROM %s PARTITION BY %s' % (e, s.columns[0][0], s.name, e)
            self.result = False, ('p', Type('STRING')), s.columns[:1], None
        return sql + (' EMIT CHANGES' if self.chance(70) else '')

    def aggregation(self, s):
        scope = s.all()
        types = [Type(self.rng.choice(['STRING', 'INT'])) for _ in range(1 if self.chance(75) else 2)]
        keys = [self.expr(t, scope, 3) for t in types]
        items = ['%s AS g%d' % (k, i) for i, k in enumerate(keys)]
        undoable = [f for f in self.aggregates if f[0] in ('COUNT', 'SUM', 'COLLECT_LIST', 'AVG')]
        choice = undoable if s.table and self.chance(90) else self.aggregates
        items += ['%s AS a%d' % (self.call(self.rng.choice(choice), scope, 3), i) for i in range(self.rng.randint(1, 3))]
        windowed = not s.table and self.chance(50)
        self.result = True, ('g0', types[0]), [('a0', Type('BIGINT'))], 'TUMBLING' if windowed else None
        return 'SELECT %s FROM %s %s %s GROUP BY %s%s%s' % (
            ', '.join(items), s.name, self.window() if windowed else '',
            'WHERE ' + self.condition(scope) if self.chance(30) else '', ', '.join(keys),
            ' HAVING COUNT(*) > 1' if self.chance(20) else '',
            self.rng.choice(['', ' EMIT CHANGES', ' EMIT FINAL' if windowed else '']))

    def join(self, a, b):
        scope = [('l.' + n, t) for n, t in a.all()] + [('r.' + n, t) for n, t in b.all()]
        within = '' if a.table or b.table else 'WITHIN %d SECONDS%s' % (
            self.rng.randint(0, 20), ' GRACE PERIOD %d SECONDS' % self.rng.randint(0, 9) if self.chance(50) else '')
        kind = self.rng.choice(['', 'INNER', 'LEFT', 'LEFT OUTER', 'RIGHT', 'FULL OUTER'])
        key = 'ROWKEY' if 'FULL' in kind else 'l.K'
        on = 'l.K = r.K' if self.chance(80) else '%s = %s' % (self.rng.choice(scope)[0], self.rng.choice(scope)[0])
        types = [self.type(1), self.type(1)]
        items = [key + ' AS k'] + ['%s AS o%d' % (self.expr(t, scope, 2), i) for i, t in enumerate(types)]
        self.result = a.table, a.key and ('k', a.key[1]), [('o%d' % i, t) for i, t in enumerate(types)], None
        return 'SELECT %s FROM %s l %s JOIN %s r %s ON %s%s' % (
            '*' if self.chance(10) else ', '.join(items), a.name, kind, b.name, within, on,
            ' WHERE ' + self.condition(scope, 2) if self.chance(20) else '')

    def statement(self):
        """One statement; `accepted` tells that it went well."""
        r = self.rng
        self.made = None
        if len(self.sources) < 2 or self.chance(15):
            return self.create()
        s = r.choice(self.sources)
        if self.chance(75):
            query = self.query()
            if self.chance(8):
                return 'INSERT INTO %s %s;' % (s.name, query)
            with_ = " WITH (key_format='JSON')" if self.chance(40) else ''
            table = ' GROUP BY ' in query or self.table_result and ' PARTITION BY ' not in query
            kind = r.choice(['STREAM', 'TABLE']) if self.chance(3) else 'TABLE' if table else 'STREAM'
            name = self.name('Q')
            self.made = Source(name, self.result[0], self.result[1], self.result[2], name, self.result[3])
            return 'CREATE %s %s%s AS %s;' % (kind, name, with_, query)
        values = [self.expr(t, [], 2) for _, t in s.all()]
        return r.choice([
            'INSERT INTO %s (%s) VALUES (%s);' % (s.name, ', '.join(n for n, _ in s.all()), ', '.join(values)),
            'DROP %s IF EXISTS %s;' % ('TABLE' if s.table else 'STREAM', s.name),
            'ALTER %s %s ADD COLUMN z%d %s;' % ('TABLE' if s.table else 'STREAM', s.name, r.randint(0, 9), self.type()),
            'DESCRIBE %s%s;' % (s.name, r.choice(['', ' EXTENDED'])), 'EXPLAIN %s;' % self.query(),
            'SHOW %s;' % r.choice(['STREAMS', 'TABLES EXTENDED', 'QUERIES', 'TOPICS', 'FUNCTIONS', 'PROPERTIES', 'TYPES',
                                   'VARIABLES']),
            "DEFINE v%d = '%s';" % (r.randint(0, 9), r.choice(['1', 'a b', '${v1}', "it''s"])), 'SELECT ${v1} FROM ${v2};',
            'CREATE TYPE IF NOT EXISTS t%d AS %s;' % (r.randint(0, 9), self.type()), 'DROP TYPE IF EXISTS t1;',
            "SET '%s' = '%s';" % (r.choice(['auto.offset.reset', 'ksql.persistence.wrap.single.values', 'x']), r.choice(['earliest', 'false'])),
            'TERMINATE ALL;', 'PAUSE ALL;', 'RESUME ALL;', 'PRINT %s FROM BEGINNING LIMIT 1;' % s.topic,
            'SELECT * FROM %s WHERE %s;' % (s.name, self.condition(s.all())),
            'ASSERT VALUES %s (%s) VALUES (%s);' % (s.name, ', '.join(n for n, _ in s.all()), ', '.join(values)),
            'ASSERT TOPIC %s;' % s.topic, '%s;' % self.query()])

    def accepted(self):
        if self.made:
            self.sources.append(self.made)

    def mutated(self, text):
        """The text with one small accident."""
        r = self.rng
        tokens = re.findall(r"'(?:[^']|'')*'|\w+|\s+|.", text)
        at = r.randrange(len(tokens))
        way = r.randrange(7)
        if way == 0:
            del tokens[at]
        elif way == 1:
            tokens.insert(at, tokens[r.randrange(len(tokens))])
        elif way == 2:
            tokens[at] = tokens[r.randrange(len(tokens))]
        elif way == 3:
            tokens[at] = r.choice(['(', ')', ',', ';', "'", '`', '"', '/*', '--', '->', ':=', '=>', '[', 'NULL', 'ROWTIME', '*',
                                   '${', '\x00', '\ud83d\ude00', '1e999', '99999999999999999999', 'WINDOWSTART'])
        elif way == 4:
            return text[:r.randrange(len(text))]
        elif way == 5:
            tokens[at] = tokens[at] * r.randint(2, 300)
        else:
            other = r.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        return ''.join(tokens)

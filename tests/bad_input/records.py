"""Malformed records by format and type, and what becomes of each.

A table row: the columns and formats of a source, then pairs of raw bytes (as text) and what its value V
is in the result, as JSON text. SKIPPED: the record cannot be read, so nobody sees it. NO_VALUE: it is read
as a record without a value. EITHER: limits differ between readers; it may be read or skipped.
The rules are ksqlDB's readers: reference, "Formats".
"""
SKIPPED = 'skipped'
NO_VALUE = 'no value'
EITHER = 'either'

JSON = "value_format='JSON'"
DELIMITED = "value_format='DELIMITED'"
KAFKA = "value_format='KAFKA'"


def fields(*pairs):
    """JSON objects with one member v of the given text."""
    return [('{"v":%s}' % text, expected) for text, expected in pairs]


TABLE = [
    (JSON, 'INT', fields(
        ('1', '1'), ('null', 'null'), ('"7"', '7'), ('"+7"', '7'), ('-2147483648', '-2147483648'),
        ('2147483648', '-2147483648'), ('1.9', '1'), ('1e10', '1410065408'), ('1e400', '0'),
        ('"x"', SKIPPED), ('""', SKIPPED), ('" 1 "', SKIPPED), ('"2147483648"', SKIPPED),
        ('"1.0"', SKIPPED), ('true', SKIPPED), ('[1]', SKIPPED), ('{"x":1}', SKIPPED))),
    (JSON, 'BIGINT', fields(
        ('9223372036854775807', '9223372036854775807'), ('-1.9', '-1'), ('"12"', '12'),
        ('"9223372036854775808"', SKIPPED), ('"x"', SKIPPED), ('false', SKIPPED), ('[]', SKIPPED))),
    (JSON, 'DOUBLE', fields(
        ('1', '1.0'), ('"1.5"', '1.5'), ('" 1.5 "', '1.5'), ('1e400', '"Infinity"'), ('"NaN"', '"NaN"'),
        ('"x"', SKIPPED), ('""', SKIPPED), ('true', SKIPPED), ('{}', SKIPPED))),
    (JSON, 'DECIMAL(5, 2)', fields(
        ('12.3', '12.30'), ('"12.3"', '12.30'), ('1.230', '1.23'), ('999.99', '999.99'), ('1e2', '100.00'),
        ('1.234', SKIPPED), ('1000', SKIPPED), ('"x"', SKIPPED), ('true', SKIPPED), ('[1]', SKIPPED))),
    (JSON, 'BOOLEAN', fields(
        ('true', 'true'), ('null', 'null'), ('"true"', SKIPPED), ('1', SKIPPED), ('{}', SKIPPED))),
    (JSON, 'STRING', fields(
        ('"é"', '"é"'), ('1.50', '"1.50"'), ('true', '"true"'), ('[1,"a"]', '"[1, a]"'),
        ('{"a":[1]}', '"{\\"a\\":[1]}"'), ('"\\u00e9\\n"', '"é\\n"'), ('"\\x"', SKIPPED), ('"\n"', SKIPPED))),
    (JSON, 'BYTES', fields(
        ('"aGk="', '"aGk="'), ('"!!"', SKIPPED), ('5', SKIPPED), ('[]', SKIPPED))),
    (JSON, 'DATE', fields(
        ('1', '1'), ('"2"', '2'), ('-1', '-1'), ('"2020-01-01"', SKIPPED), ('true', SKIPPED))),
    (JSON, 'TIME', fields(
        ('86400000', '86400000'), ('86400001', SKIPPED), ('-1', SKIPPED), ('"10:00"', SKIPPED))),
    (JSON, 'TIMESTAMP', fields(
        ('-1', '-1'), ('"5"', '5'), ('"2020-01-01"', SKIPPED), ('{}', SKIPPED))),
    (JSON, 'ARRAY<INT>', fields(
        ('[1,null,"2"]', '[1,null,2]'), ('[]', '[]'), ('{}', SKIPPED), ('"[1]"', SKIPPED),
        ('[1,"x"]', SKIPPED), ('[[1]]', SKIPPED))),
    (JSON, 'MAP<STRING, INT>', fields(
        ('{"a":null}', '{"a":null}'), ('[]', SKIPPED), ('{"a":"x"}', SKIPPED), ('1', SKIPPED))),
    (JSON, 'STRUCT<x INT, y STRUCT<z ARRAY<INT>>>', fields(
        ('{"x":1,"q":[]}', '{"X":1,"Y":null}'), ('{"y":{}}', '{"X":null,"Y":{"Z":null}}'),
        ('[]', SKIPPED), ('{"x":"y"}', SKIPPED), ('{"y":{"z":[true]}}', SKIPPED), ('""', SKIPPED))),
    (JSON, 'INT', [
        ('', SKIPPED), (' ', SKIPPED), ('{', SKIPPED), ('{"v":1', SKIPPED), ('{"v"}', SKIPPED),
        ('{"v":}', SKIPPED), ('{"v":tru}', SKIPPED), ('[1]', SKIPPED), ('5', SKIPPED), ('"x"', SKIPPED),
        ('null', EITHER), ('{"v":1,}', SKIPPED), ("{'v':1}", SKIPPED), ('{"v":01}', SKIPPED),
        ('{"v":+1}', SKIPPED), ('{"v":NaN}', SKIPPED), ('{"v":.5}', SKIPPED), ('{"v":1}}', '1'),
        ('{"v":1,"v":2}', '2'), ('{"w":1}', 'null'), ('{}', 'null'), ('{"v":1,"more":{"deep":[1]}}', '1'),
        ('{"v":1 /* note */}', SKIPPED), ('\ufeff{"v":1}', '1'), ('{"v":' + '9' * 5000 + '}', EITHER),
        ('{"more":' + '[' * 100000 + ']' * 100000 + ',"v":1}', SKIPPED),
        ('{"more":' + '{"a":' * 100000 + '1' + '}' * 100000 + ',"v":1}', SKIPPED),
        ('[' * 200000, SKIPPED)]),
    (DELIMITED, 'INT', [
        ('1', '1'), ('+1', '1'), ('x', SKIPPED), ('1.5', SKIPPED), (' 1', SKIPPED), ('2147483648', SKIPPED),
        ('1,2', SKIPPED), ('"1', SKIPPED), ('"1"x', SKIPPED), ('', SKIPPED)]),
    (DELIMITED, 'BIGINT', [('9223372036854775807', '9223372036854775807'), ('9223372036854775808', SKIPPED)]),
    (DELIMITED, 'DOUBLE', [('1e400', '"Infinity"'), ('1.5', '1.5'), ('x', SKIPPED), ('1,5', SKIPPED)]),
    (DELIMITED, 'DECIMAL(5, 2)', [
        ('1.2', '1.20'), ('1.234', SKIPPED), ('1000', SKIPPED), (' 1.2', SKIPPED), ('x', SKIPPED)]),
    (DELIMITED, 'BOOLEAN', [('TRUE', 'true'), ('yes', 'false'), ('1', 'false')]),
    (DELIMITED, 'STRING', [('"a""b"', '"a\\"b"'), ('a"b', '"a\\"b"'), ('"a', SKIPPED), ('a,b', SKIPPED)]),
    (DELIMITED, 'BYTES', [('aGk=', '"aGk="'), ('!!', SKIPPED)]),
    (DELIMITED, 'DATE', [('3', '3'), ('1.5', SKIPPED), ('2020-01-01', SKIPPED)]),
    (DELIMITED, 'TIME', [('86400000', '86400000'), ('86400001', SKIPPED), ('-1', SKIPPED)]),
    (DELIMITED, 'TIMESTAMP', [('2020', '2020'), ('2020-01-01', SKIPPED)]),
    (KAFKA, 'INT', [('abcd', '1633837924'), ('abc', SKIPPED), ('abcde', SKIPPED), ('', SKIPPED)]),
    (KAFKA, 'BIGINT', [('abcdefgh', '7017280452245743464'), ('abcd', SKIPPED)]),
    (KAFKA, 'DOUBLE', [('\0\0\0\0\0\0\0\0', '0.0'), ('1.5', SKIPPED)]),
    (KAFKA, 'STRING', [('', '""'), ('x', '"x"')]),
]

# Bytes that are not UTF-8: format, bytes of the value. Text that Java would repair is repaired.
NOT_UTF8 = [
    ('JSON', b'{"v":"\xff"}'), ('JSON', b'{"v\xc3":1}'), ('JSON', b'\xff\xfe{\x00'), ('JSON', b'{"v":"\xed\xa0\x80"}'),
    ('DELIMITED', b'\xff,'), ('DELIMITED', b'"\xc3'), ('KAFKA', b'\xff\xfe'), ('KAFKA', b'\xf0\x9f'),
]

/* String functions: what the vectors of a JDK do not reach, that is NULLs, errors, limits, settings,
 * bytes; and the vectors. */
#include "tests/support/fn_vectors.h"

#define S fn_s
#define B fn_b
#define I fn_i
#define NO_S fn_null(WEIR_T_STRING)
#define NO_B fn_null(WEIR_T_BYTES)
#define NO_I fn_null(WEIR_T_INTEGER)

extern const weir_function weir_fn_string[], weir_fn_string_parts[], weir_fn_string_coding[];
extern const weir_function weir_fn_string_chr[], weir_fn_mask[], weir_fn_md5[];
extern const uint32_t weir_fn_string_n, weir_fn_string_parts_n, weir_fn_string_coding_n;
extern const uint32_t weir_fn_string_chr_n, weir_fn_mask_n, weir_fn_md5_n;

static fn_test t;

static int setup(void **state)
{
    (void)state;
    const fn_family families[] = {
        {weir_fn_string, weir_fn_string_n},
        {weir_fn_string_parts, weir_fn_string_parts_n},
        {weir_fn_string_chr, weir_fn_string_chr_n},
        {weir_fn_string_coding, weir_fn_string_coding_n},
        {weir_fn_mask, weir_fn_mask_n},
        {weir_fn_md5, weir_fn_md5_n},
    };
    fn_test_init(&t, families, WEIR_COUNT(families));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fn_test_deinit(&t);
    return 0;
}

static void joining(void **state)
{
    (void)state;
    fn_is(&t, "abc", "CONCAT", S("a"), S("b"), S("c"));
    fn_is(&t, "ac", "CONCAT", S("a"), NO_S, S("c"));
    fn_is(&t, "", "CONCAT", NO_S, NO_S);
    fn_is(&t, "", "CONCAT", S(""), S(""));
    fn_is(&t, "ab", "CONCAT", B("a"), NO_B, B("b"));
    fn_is(&t, "a, b", "CONCAT_WS", S(", "), S("a"), NO_S, S("b"));
    fn_is(&t, "NULL", "CONCAT_WS", NO_S, S("a"), S("b"));
    fn_is(&t, "", "CONCAT_WS", S(","), NO_S);
    fn_is(&t, ",", "CONCAT_WS", S(","), S(""), S(""));
    fn_is(&t, "a.b", "CONCAT_WS", B("."), B("a"), B("b"));
    fn_is(&t, FN_FAILED, "CONCAT_WS", S("a"));
    assert_string_equal(t.error, "Function Concat_WS expects at least two input arguments.");
}

static void cases_and_lengths(void **state)
{
    (void)state;
    fn_is(&t, "abc", "LCASE", S("aBC"));
    fn_is(&t, "STRASSE", "UCASE", S("Straße"));
    fn_is(&t, "Hello World", "INITCAP", S("hello WORLD"));
    fn_is(&t, "a b", "TRIM", S("\t a b\n "));
    fn_is(&t, "3", "LEN", S("a😀"));
    fn_is(&t, "5", "LEN", B("a😀"));
    fn_is(&t, "NULL", "LEN", NO_S);
    fn_is(&t, "NULL", "UCASE", NO_S);
}

static void substrings(void **state)
{
    (void)state;
    fn_is(&t, "am", "SUBSTRING", S("stream"), I(5));
    fn_is(&t, "tr", "SUBSTRING", S("stream"), I(2), I(2));
    fn_is(&t, "am", "SUBSTRING", S("stream"), I(-2));
    fn_is(&t, "stream", "SUBSTRING", S("stream"), I(-20));
    fn_is(&t, "stream", "SUBSTRING", S("stream"), I(0));
    fn_is(&t, "stream", "SUBSTRING", S("stream"), I(INT32_MIN));
    fn_is(&t, "", "SUBSTRING", S("stream"), I(7));
    fn_is(&t, "", "SUBSTRING", S("stream"), I(2), I(-1));
    fn_is(&t, "stream", "SUBSTRING", S("stream"), I(1), I(INT32_MAX));
    fn_is(&t, "", "SUBSTRING", S("stream"), I(2), I(INT32_MAX)); /* the sum wraps */
    fn_is(&t, "?b", "SUBSTRING", S("😀b"), I(2));
    fn_is(&t, "NULL", "SUBSTRING", S("stream"), NO_I);
    fn_is(&t, "tr", "SUBSTRING", B("stream"), I(2), I(2));
    fn_is(&t, "", "SUBSTRING", B(""), I(2), I(2));
    t.settings.substring_legacy_args = true;
    fn_is(&t, "re", "SUBSTRING", S("stream"), I(2), I(4));
    fn_is(&t, "ream", "SUBSTRING", S("stream"), I(2));
    fn_is(&t, FN_FAILED, "SUBSTRING", S("stream"), I(2), I(7));
    fn_is(&t, FN_FAILED, "SUBSTRING", S("stream"), I(-1));
    t.settings.substring_legacy_args = false;
}

static void padding(void **state)
{
    (void)state;
    fn_is(&t, "xyxfoo", "LPAD", S("foo"), I(6), S("xy"));
    fn_is(&t, "fooxyx", "RPAD", S("foo"), I(6), S("xy"));
    fn_is(&t, "fo", "LPAD", S("foo"), I(2), S("xy"));
    fn_is(&t, "", "RPAD", S("foo"), I(0), S("xy"));
    fn_is(&t, "NULL", "RPAD", S("foo"), I(-1), S("xy"));
    fn_is(&t, "NULL", "RPAD", S("foo"), I(9), S(""));
    fn_is(&t, "NULL", "LPAD", S("foo"), I(9), NO_S);
    fn_is(&t, "xyxfoo", "LPAD", B("foo"), I(6), B("xy"));
    fn_is(&t, "fo", "RPAD", B("foo"), I(2), B("xy"));
    fn_is(&t, FN_FAILED, "LPAD", S("a"), I(INT32_MAX), S("b"));
    assert_non_null(strstr(t.error, "the result of LPAD is longer than"));
}

static void finding(void **state)
{
    (void)state;
    fn_is(&t, "5", "INSTR", S("corporate floor"), S("orate"));
    fn_is(&t, "14", "INSTR", S("corporate floor"), S("or"), I(3), I(2));
    fn_is(&t, "2", "INSTR", S("corporate floor"), S("or"), I(-3), I(2));
    fn_is(&t, "0", "INSTR", S("corporate floor"), S("or"), I(1), I(0));
    fn_is(&t, "0", "INSTR", NO_S, S("or"));
    fn_is(&t, "0", "INSTR", S("a"), NO_S);
    fn_is(&t, FN_FAILED, "INSTR", S("a"), S("a"), NO_I);
    fn_is(&t, "2", "ELT", I(1), S("2"), S("b"));
    fn_is(&t, "NULL", "ELT", I(2), S("a"), NO_S);
    fn_is(&t, "NULL", "ELT", I(3), S("a"), S("b"));
    fn_is(&t, "NULL", "ELT", I(0), S("a"), S("b"));
    fn_is(&t, FN_FAILED, "ELT", NO_I, S("a"), S("b"));
    fn_is(&t, "2", "FIELD", S("b"), S("a"), S("b"), S("b"));
    fn_is(&t, "0", "FIELD", NO_S, S("a"), NO_S);
    fn_is(&t, "0", "FIELD", S("b"), NO_S);
}

static void replacing(void **state)
{
    (void)state;
    fn_is(&t, "fabnebar", "REPLACE", S("foobar"), S("oo"), S("abne"));
    fn_is(&t, "br", "REPLACE", S("abra"), S("a"), S(""));
    fn_is(&t, "-a-?-?-", "REPLACE", S("a😀"), S(""), S("-"));
    fn_is(&t, "a😀", "REPLACE", S("a😀"), S(""), S(""));
    fn_is(&t, "NULL", "REPLACE", S("a"), S("b"), NO_S);
    fn_is(&t, "ba", "REPLACE", S("aaa"), S("aa"), S("b"));
}

static void splitting(void **state)
{
    (void)state;
    fn_is(&t, "[, a, , b, ]", "SPLIT", S(".a..b."), S("."));
    fn_is(&t, "[ab]", "SPLIT", S("ab"), S("."));
    fn_is(&t, "[]", "SPLIT", S(""), S(""));
    fn_is(&t, "[a, b]", "SPLIT", S("ab"), S(""));
    fn_is(&t, "[a, ?, ?]", "SPLIT", S("a😀"), S(""));
    fn_is(&t, "NULL", "SPLIT", S("ab"), NO_S);
    fn_is(&t, "{a=2, b=}", "SPLIT_TO_MAP", S("a=1;;x;b=;a=2=3"), S(";"), S("="));
    fn_is(&t, "NULL", "SPLIT_TO_MAP", S("a=1"), S(""), S("="));
    fn_is(&t, "NULL", "SPLIT_TO_MAP", S("a=1"), S("="), S("="));
    fn_is(&t, "NULL", "SPLIT_TO_MAP", S("a=1"), S("="), NO_S);
    fn_is(&t, "{}", "SPLIT_TO_MAP", S(""), S(","), S("="));
}

static void characters(void **state)
{
    (void)state;
    fn_is(&t, "K", "CHR", I(75));
    fn_is(&t, "😀", "CHR", I(0x1f600));
    fn_is(&t, "?", "CHR", I(0xd800));
    fn_is(&t, "NULL", "CHR", I(-1));
    fn_is(&t, "NULL", "CHR", I(0x110000));
    fn_is(&t, "K", "CHR", S("\\u004b"));
    fn_is(&t, "😀", "CHR", S("\\ud83d\\uDE00"));
    fn_is(&t, "?K", "CHR", S("\\ud83d\\u004b"));
    fn_is(&t, "K\n\\Ax ä😀", "CHR", S("\\uu+004b\\n\\\\\\101\\x ä😀\\"));
    fn_is(&t, "NULL", "CHR", S("\\u04b"));
    fn_is(&t, "NULL", "CHR", S("x\\u004b"));
    fn_is(&t, FN_FAILED, "CHR", S("\\u04bx "));
    fn_is(&t, FN_FAILED, "CHR", S("\\u004b\\u00"));
}

static void codings(void **state)
{
    (void)state;
    fn_is(&t, "c39c", "ENCODE", S("Ü"), S("utf8"), S("HEX"));
    fn_is(&t, "w5w=", "ENCODE", S("x'c39c'"), S("hex"), S("base64"));
    fn_is(&t, "\n", "ENCODE", S("0xA"), S("hex"), S("ascii"));
    fn_is(&t, "??", "ENCODE", S("Ü😀"), S("ascii"), S("utf8"));
    fn_is(&t, "\xef\xbf\xbd\xef\xbf\xbd", "ENCODE", S("Ü"), S("utf8"), S("ascii"));
    fn_is(&t, "Ü~~?", "ENCODE", S("w5\n x-fj_=x"), S("base64"), S("utf8") /* lenient */);
    fn_is(&t, FN_FAILED, "ENCODE", S("abc"), S("hex"), S("utf8"));
    assert_string_equal(t.error, "Odd number of characters.");
    fn_is(&t, FN_FAILED, "ENCODE", S("aü"), S("hex"), S("utf8"));
    assert_string_equal(t.error, "Illegal hexadecimal character ü at index 1");
    fn_is(&t, FN_FAILED, "ENCODE", S("a"), S("hex"), S("hex"));
    fn_is(&t, FN_FAILED, "ENCODE", S("a"), S("hex"), S("utf16"));
    fn_is(&t, "NULL", "ENCODE", S("a"), NO_S, S("utf8"));
    fn_is(&t, "C39C", "FROM_BYTES", B("Ü"), S("Hex"));
    fn_is(&t, "w5w=", "FROM_BYTES", B("Ü"), S("base64"));
    fn_is(&t, "\xef\xbf\xbdx", "FROM_BYTES", B("\xc3x"), S("utf8"));
    fn_is(&t, "Ü", "TO_BYTES", S("c39C"), S("hex"));
    fn_is(&t, "Ü", "TO_BYTES", S("w5w="), S("base64"));
    fn_is(&t, "?", "TO_BYTES", S("Ü"), S("ascii"));
    fn_is(&t, FN_FAILED, "TO_BYTES", S("0x"), S("hex"));
    fn_is(&t, FN_FAILED, "TO_BYTES", S("w5w=="), S("base64"));
    fn_is(&t, FN_FAILED, "TO_BYTES", S("a"), S("latin1"));
    fn_is(&t, "900150983cd24fb0d6963f7d28e17f72", "MD5", S("abc"));
    fn_is(&t, "d41d8cd98f00b204e9800998ecf8427e", "MD5", S(""));
}

static void uuids(void **state)
{
    (void)state;
    fn_is(&t, "61626364-6566-6768-696a-6b6c6d6e6f70", "UUID", B("abcdefghijklmnop"));
    fn_is(&t, "NULL", "UUID", B("abcdefghijklmno"));
    fn_is(&t, "NULL", "UUID", NO_B);
    weir_sv a = fn_by_literals(&t, "UUID", NULL, NULL, 0);
    weir_sv b = fn_by_literals(&t, "UUID", NULL, NULL, 0);
    assert_int_equal(a.n, 36);
    assert_int_equal(a.p[14], '4');
    assert_non_null(strchr("89ab", a.p[19]));
    assert_false(weir_sv_eq(a, b));
}

static void masks(void **state)
{
    (void)state;
    fn_is(&t, "Xx-Xxxx--nnn", "MASK", S("My Test $123"));
    fn_is(&t, "AaoAaaaoo###", "MASK", S("My Test $123"), S("A"), S("a"), S("#"), S("o"));
    fn_is(&t, "My Test $nnn", "MASK", S("My Test $123"), NO_S, NO_S, S("n"), NO_S);
    fn_is(&t, "NULL", "MASK", NO_S);
    fn_is(&t, FN_FAILED, "MASK", S("a"), S("xx"), S("x"), S("x"), S("x"));
    assert_non_null(strstr(t.error, "Must be only single character, but was 'xx'"));
    fn_is(&t, FN_FAILED, "MASK", S("a"), S("😀"), S("x"), S("x"), S("x"));
    fn_is(&t, "Xx-Xest $123", "MASK_LEFT", S("My Test $123"), I(4));
    fn_is(&t, "My Test -nnn", "MASK_RIGHT", S("My Test $123"), I(4));
    fn_is(&t, "My Txxx--nnn", "MASK_KEEP_LEFT", S("My Test $123"), I(4));
    fn_is(&t, "Xx-Xxxx-$123", "MASK_KEEP_RIGHT", S("My Test $123"), I(4));
    fn_is(&t, "Xx", "MASK_LEFT", S("My"), I(40));
    fn_is(&t, FN_FAILED, "MASK_LEFT", S("My"), I(-1));
    assert_string_equal(t.error, "function mask_left requires a non-negative number of characters "
                                 "to mask or skip");
    fn_is(&t, FN_FAILED, "MASK_LEFT", S("My"), NO_I);
    fn_is(&t, "NULL", "MASK_LEFT", NO_S, I(1));
}

static void vectors(void **state)
{
    (void)state;
    fn_vectors(&t, "string", 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining),    cmocka_unit_test(cases_and_lengths),
        cmocka_unit_test(substrings), cmocka_unit_test(padding),
        cmocka_unit_test(finding),    cmocka_unit_test(replacing),
        cmocka_unit_test(splitting),  cmocka_unit_test(characters),
        cmocka_unit_test(codings),    cmocka_unit_test(uuids),
        cmocka_unit_test(masks),      cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* Lines and CSV without an engine: where lines end however they are read, what CSV means, which file is
 * known again. */
#include "connectors/source_file.h"
#include "tests/support/dir.h"
#include "tests/support/test.h"

#include <stdio.h>

/* ---- CSV ---- */

static void check_csv(const char *record, const char *wanted)
{
    weir_arena a;
    weir__csv_field *fields = NULL;
    uint32_t n = 0;
    weir_buf out = {0};
    weir_arena_init(&a);
    const char *why = weir__csv_split(&a, weir_sv_cstr(record), ',', &fields, &n);
    for (uint32_t i = 0; i < n && !why; i++) {
        weir_buf_printf(&out, "%s" WEIR_SV_FMT "|", fields[i].quoted ? "q:" : "", WEIR_SV_ARG(fields[i].text));
    }
    weir_buf_str(&out, why ? why : "");
    assert_sv_equal(weir_buf_view(&out), wanted);
    weir_buf_deinit(&out);
    weir_arena_deinit(&a);
}

static void csv_is_split(void **state)
{
    (void)state;
    check_csv("a,b", "a|b|");
    check_csv("", "|");
    check_csv(",", "||");
    check_csv("a,", "a||");
    check_csv("\"a,b\",\"\",c", "q:a,b|q:|c|");
    check_csv("\"a\"\"b\n\"", "q:a\"b\n|");
    check_csv(" a , b", " a | b|");
    check_csv("a\"b", "a\"b|");
    check_csv("\"a", "a quote is not closed");
    check_csv("\"a\"b,c", "something is between a closing quote and the delimiter");
    assert_int_equal(weir__csv_end(WEIR_SV("a,b\nc")), 4);
    assert_int_equal(weir__csv_end(WEIR_SV("a,\"b\nc\"\nd")), 8);
    assert_int_equal(weir__csv_end(WEIR_SV("a,\"b\nc")), 0);
}

static void check_object(const char *value, bool quoted, weir_kind kind, const char *wanted)
{
    weir_column col = {.name = WEIR_SV("X"), .type = weir_type_of(kind)};
    weir_schema schema = {.n = 1, .cols = &col};
    weir__csv_field f = {weir_sv_cstr(value), quoted};
    weir_sv name = WEIR_SV("x");
    weir_buf out = {0};
    assert_null(weir__csv_object(&f, 1, &name, 1, &schema, &out));
    assert_sv_equal(weir_buf_view(&out), wanted);
    assert_non_null(weir__csv_object(&f, 1, &name, 2, &schema, &out));
    weir_buf_deinit(&out);
}

static void csv_values_have_types(void **state)
{
    (void)state;
    check_object("12", false, WEIR_T_INTEGER, "{\"x\":12}");
    check_object("-1.5e+3", false, WEIR_T_DOUBLE, "{\"x\":-1.5e+3}");
    check_object("007", false, WEIR_T_INTEGER, "{\"x\":\"007\"}");
    check_object("12", false, WEIR_T_STRING, "{\"x\":\"12\"}");
    check_object("1}", false, WEIR_T_INTEGER, "{\"x\":\"1}\"}");
    check_object("", false, WEIR_T_STRING, "{\"x\":null}");
    check_object("", true, WEIR_T_STRING, "{\"x\":\"\"}");
    check_object("TRUE", false, WEIR_T_BOOLEAN, "{\"x\":true}");
    check_object("yes", false, WEIR_T_BOOLEAN, "{\"x\":\"yes\"}");
    check_object("a\"\n", false, WEIR_T_STRING, "{\"x\":\"a\\\"\\n\"}");
}

/* ---- lines ---- */

typedef struct reading {
    char *dir;
    weir__file_list list;
    weir__file_shape shape;
    weir_status st;
} reading;

static const weir_schema no_columns;

static reading open_reading(const char *pattern)
{
    reading r = {.dir = test_dir_new()};
    weir_status_reset(&r.st);
    r.shape = (weir__file_shape){.csv_by_name = true, .compression_by_name = true, .header = true, .delimiter = ',',
                                 .line_max = 100, .schema = &no_columns};
    r.list.pattern = pattern;
    r.list.max = 100;
    assert_ok(weir_folder_open(r.dir, &r.list.folder, &r.st), &r.st);
    return r;
}

static void close_reading(reading *r)
{
    weir__file_list_free(&r->list);
    weir_folder_close(r->list.folder);
    test_dir_remove(r->dir);
}

static void put(reading *r, const char *path, weir_sv text)
{
    assert_ok(weir_folder_write(r->list.folder, path, text, &r->st), &r->st);
}

/* All lines there are now, `max` at a time, each with | behind it, bad ones with ! */
static void read_all(reading *r, weir__file_entry *e, bool last, uint32_t max, weir_buf *out)
{
    bool end = false;
    while (!end) {
        weir__file_line lines[8];
        uint32_t n = 0;
        assert_ok(weir__file_reader_next(e->reader, last, lines, max, &n, &end, &r->st), &r->st);
        for (uint32_t i = 0; i < n; i++) {
            weir_buf_sv(out, lines[i].text);
            weir_buf_str(out, lines[i].bad ? "!" : "|");
            e->offset = lines[i].next;
        }
    }
}

static void check_lines(const char *name, weir_sv text, const char *wanted)
{
    for (uint32_t max = 1; max <= 8; max += 7) {
        reading r = open_reading(name);
        weir_buf out = {0};
        put(&r, name, text);
        assert_ok(weir__file_list_look(&r.list, false, &r.st), &r.st);
        assert_int_equal(r.list.n, 1);
        weir__file_entry *e = r.list.items[0];
        assert_ok(weir__file_reader_open(r.list.folder, e, &r.shape, &e->reader, &r.st), &r.st);
        read_all(&r, e, true, max, &out);
        assert_sv_equal(weir_buf_view(&out), wanted);
        weir_buf_deinit(&out);
        close_reading(&r);
    }
}

static void lines_end(void **state)
{
    (void)state;
    check_lines("a", WEIR_SV("one\ntwo\r\n\n\nthree"), "one|two|three|");
    check_lines("a", WEIR_SV(""), "");
    check_lines("a", WEIR_SV("\xef\xbb\xbfone\n"), "one|");
    check_lines("a.csv", WEIR_SV("\xef\xbb\xbfid,n\n1,a\n2,\"b\nc\"\n"),
                "{\"id\":\"1\",\"n\":\"a\"}|{\"id\":\"2\",\"n\":\"b\\nc\"}|");
    check_lines("a.csv", WEIR_SV("id,n\n1\n2,b\n3,\"c\n4,d\n"),
                "1!{\"id\":\"2\",\"n\":\"b\"}|3,\"c!{\"id\":\"4\",\"n\":\"d\"}|");
    check_lines("a.csv", WEIR_SV("\"id\n1\n2\n"), "\"id!{\"1\":\"2\"}|");
}

static void long_lines_are_passed_over(void **state)
{
    (void)state;
    weir_buf text = {0};
    weir_buf wanted = {0};
    weir_buf_str(&text, "a\n");
    weir_buf_str(&wanted, "a|");
    for (uint32_t i = 0; i < 600000; i++) { /* more than what is read at once */
        weir_buf_byte(&text, 'x');
    }
    for (uint32_t i = 0; i < 1024; i++) {
        weir_buf_byte(&wanted, 'x');
    }
    weir_buf_str(&text, "\nb\n");
    weir_buf_str(&wanted, "!b|");
    check_lines("a", weir_buf_view(&text), weir_buf_cstr(&wanted));
    weir_buf_deinit(&text);
    weir_buf_deinit(&wanted);
}

static void compressed_lines_go_on(void **state)
{
    (void)state;
    static const weir_compression kinds[] = {WEIR_COMPRESSION_GZIP, WEIR_COMPRESSION_ZSTD};
    static const char *const names[] = {"a.csv.gz", "a.csv.zst"};
    for (size_t k = 0; k < WEIR_COUNT(kinds); k++) {
        reading r = open_reading(names[k]);
        weir_buf packed = {0};
        weir_buf out = {0};
        weir_compress(kinds[k], WEIR_SV("id\n1\n2\n"), &packed);
        weir_compress(kinds[k], WEIR_SV("3\n4"), &packed); /* a second member */
        put(&r, names[k], weir_buf_view(&packed));
        assert_ok(weir__file_list_look(&r.list, false, &r.st), &r.st);
        weir__file_entry *e = r.list.items[0];
        weir__file_line line;
        uint32_t n = 0;
        bool end = false;
        assert_ok(weir__file_reader_open(r.list.folder, e, &r.shape, &e->reader, &r.st), &r.st);
        assert_ok(weir__file_reader_next(e->reader, true, &line, 1, &n, &end, &r.st), &r.st);
        assert_int_equal(line.next, 5);
        e->offset = line.next;
        weir__file_reader_close(e->reader); /* as after a crash */
        assert_ok(weir__file_reader_open(r.list.folder, e, &r.shape, &e->reader, &r.st), &r.st);
        read_all(&r, e, true, 8, &out);
        assert_sv_equal(weir_buf_view(&out), "{\"id\":\"2\"}|{\"id\":\"3\"}|{\"id\":\"4\"}|");
        weir_buf_deinit(&packed);
        weir_buf_deinit(&out);
        close_reading(&r);
    }
}

/* ---- which file is which ---- */

static weir__file_entry *entry(reading *r, const char *name)
{
    for (uint32_t i = 0; i < r->list.n; i++) {
        if (strcmp(r->list.items[i]->name, name) == 0) {
            return r->list.items[i];
        }
    }
    return NULL;
}

static void look(reading *r)
{
    assert_ok(weir__file_list_look(&r->list, false, &r->st), &r->st);
}

static void move(reading *r, const char *from, const char *to)
{
    assert_ok(weir_folder_rename(r->list.folder, from, to, &r->st), &r->st);
}

static void files_are_known_again(void **state)
{
    (void)state;
    reading r = open_reading("*.log");
    weir_buf out = {0};
    put(&r, "a.log", WEIR_SV("one\ntwo\n"));
    look(&r);
    weir__file_entry *e = entry(&r, "a.log");
    assert_ok(weir__file_reader_open(r.list.folder, e, &r.shape, &e->reader, &r.st), &r.st);
    read_all(&r, e, false, 8, &out);
    assert_int_equal(e->offset, 8);
    move(&r, "a.log", "b.log"); /* rotated, the new name fits */
    put(&r, "a.log", WEIR_SV("three\n"));
    look(&r);
    assert_int_equal(r.list.n, 2);
    assert_ptr_equal(entry(&r, "b.log"), e);
    assert_int_equal(entry(&r, "a.log")->offset, 0);
    move(&r, "b.log", "b.log.1"); /* … and it does not */
    look(&r);
    assert_true(e->seen);
    assert_string_equal(e->name, "b.log.1");
    assert_ok(weir_folder_remove(r.list.folder, "b.log.1", &r.st), &r.st);
    look(&r);
    assert_false(e->seen);
    weir_buf_deinit(&out);
    close_reading(&r);
}

static void copies_are_known_by_name_and_head(void **state)
{
    (void)state;
    reading r = open_reading("*.log");
    weir_buf position = {0};
    put(&r, "a.log", WEIR_SV("one\ntwo\n"));
    put(&r, "b.log", WEIR_SV("other\n"));
    look(&r);
    for (uint32_t i = 0; i < 2; i++) {
        weir_buf out = {0};
        weir__file_entry *e = r.list.items[i];
        assert_ok(weir__file_reader_open(r.list.folder, e, &r.shape, &e->reader, &r.st), &r.st);
        read_all(&r, e, true, 8, &out);
        e->done = true;
        e->size = e->offset;
        weir_buf_deinit(&out);
    }
    weir__file_list_write(&r.list, &position);
    weir__file_list_free(&r.list);
    put(&r, "a.log", WEIR_SV("one\ntwo\nthree\n")); /* written anew: another inode, the same beginning */
    put(&r, "b.log", WEIR_SV("quite another\n"));
    assert_ok(weir__file_list_read(&r.list, weir_buf_view(&position), &r.st), &r.st);
    look(&r);
    assert_int_equal(entry(&r, "a.log")->offset, 8);
    assert_false(entry(&r, "a.log")->done);
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < r.list.n; i++) {
        fresh += strcmp(r.list.items[i]->name, "b.log") == 0 && r.list.items[i]->offset == 0 && r.list.items[i]->seen;
    }
    assert_int_equal(fresh, 1);
    for (size_t n = 0; n < position.n; n++) { /* cut anywhere: an error, or fewer files */
        weir__file_list cut = {0};
        weir_status_reset(&r.st);
        (void)weir__file_list_read(&cut, weir_sv_of(position.p, n), &r.st);
        weir__file_list_free(&cut);
    }
    weir_buf_deinit(&position);
    close_reading(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_split),
        cmocka_unit_test(csv_values_have_types),
        cmocka_unit_test(lines_end),
        cmocka_unit_test(long_lines_are_passed_over),
        cmocka_unit_test(compressed_lines_go_on),
        cmocka_unit_test(files_are_known_again),
        cmocka_unit_test(copies_are_known_by_name_and_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

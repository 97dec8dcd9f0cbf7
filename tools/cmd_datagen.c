/* `weir datagen`: invented records, as lines or in topics. The generator (connectors/datagen.h)
 * says what comes and when it is due; here is what the options mean, the waiting, and the progress.
 */
#include "tools/cmd.h"

#include "connectors/datagen.h"
#include "engine/data/json_text.h"
#include "engine/io/file.h"
#include "tools/datagen_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RECORDS_PER_STEP 1000
#define WAIT_MS 20
#define TOLD_NS 1000000000LL
#define DEFAULT_COUNT "100000"
#define SAMPLES 5             /* of each table … */
#define SAMPLES_AMONG 1000000 /* … if so many records have them */

/* Options that are settings of the generator. */
static const char *const settings[][2] = {{"--count", "max.rows"},
                                          {"--rate", "rows.per.second"},
                                          {"--duration", "duration"},
                                          {"--seed", "seed"},
                                          {"--start", "event.time.start"},
                                          {"--event-time", "event.time.start"},
                                          {"--speed", "event.time.speed"},
                                          {"--burst", "burst"},
                                          {"--sine", "sine"},
                                          {"--ramp", "ramp"},
                                          {"--steps", "steps"},
                                          {"--disorder", "disorder"},
                                          {"--late", "late"},
                                          {"--late-max", "late.max"},
                                          {"--duplicates", "duplicates"},
                                          {"--malformed", "malformed"},
                                          {"--tombstones", "tombstones"},
                                          {"--tables", "tables"},
                                          {"--key", "key"},
                                          {"--keys", "keys"},
                                          {"--hot", "hot"},
                                          {"--tenants", "tenants"},
                                          {"--record-size", "record.size"},
                                          {"--users", "users"},
                                          {"--products", "products"}};
#define SETTINGS WEIR_COUNT(settings)

typedef struct job {
    const char *values[SETTINGS];
    const char *quickstart, *schema, *model;
    weir_option_list operands, columns, fields;
    weir_datagen_target target;
    uint32_t skip;
    bool list, dry_run, rules;
    weir_arena arena;
    weir_datagen_option *options;
    uint32_t n_options, cap_options;
    weir_datagen_spec *spec;
    weir_datagen *gen;
    weir_datagen_output *out;
    weir_stop *stop; /* NULL: the home's */
    uint64_t made;
    int64_t begun_ns, told_ns;
    bool told;
} job;

/* ---- what is wanted ---- */

static weir_rc read_file(void *ctx, weir_sv path, weir_arena *a, weir_sv *text, weir_status *st)
{
    (void)ctx;
    weir_buf b = {0};
    weir_rc rc = weir_file_read(weir_arena_cstr(a, path), WEIR_DATAGEN_FILE_MAX, &b, st);
    *text = weir_arena_sv(a, weir_buf_view(&b));
    weir_buf_deinit(&b);
    return rc;
}

static void add_option(job *j, weir_sv name, const char *value)
{
    weir_datagen_option o = {name, weir_sv_cstr(value)};
    WEIR_PUSH(&j->arena, j->options, j->n_options, j->cap_options, o);
}

static const char *value_of(const job *j, const char *setting)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (j->values[i] && strcmp(settings[i][1], setting) == 0) {
            return j->values[i];
        }
    }
    return NULL;
}

static weir_rc read_settings(job *j, weir_status *st)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (j->values[i]) {
            add_option(j, weir_sv_cstr(settings[i][1]), j->values[i]);
        }
    }
    for (size_t i = 0; i < j->fields.n; i++) {
        weir_sv name;
        const char *value;
        if (!weir_option_pair(j->fields.items[i], &name, &value)) {
            return weir_fail(st, WEIR_EUSAGE, "--field wants COLUMN.ARGUMENT=VALUE, not \"%s\"",
                             j->fields.items[i]);
        }
        add_option(j, weir_arena_printf(&j->arena, "fields." WEIR_SV_FMT, WEIR_SV_ARG(name)),
                   value);
    }
    if (!value_of(j, "max.rows") && !value_of(j, "duration")) {
        add_option(j, WEIR_SV("max.rows"), DEFAULT_COUNT);
    }
    return WEIR_OK;
}

/* --column "id BIGINT sequence" …: a model of one table. */
static weir_sv text_of_columns(job *j)
{
    weir_buf text = {0};
    weir_buf_str(&text, "table rows\n");
    for (size_t i = 0; i < j->columns.n; i++) {
        weir_buf_printf(&text, "%s\n", j->columns.items[i]);
    }
    weir_sv out = weir_arena_sv(&j->arena, weir_buf_view(&text));
    weir_buf_deinit(&text);
    return out;
}

static weir_rc describe(job *j, weir_status *st)
{
    weir_datagen_request r = {.read_file = read_file};
    const char *name = j->quickstart ? j->quickstart : j->operands.n ? j->operands.items[0] : NULL;
    int ways = (name != NULL) + (j->schema != NULL) + (j->model != NULL) + (j->columns.n != 0);
    if (j->operands.n > (j->quickstart ? 0 : 1) || ways > 1) {
        return weir_fail(st, WEIR_EUSAGE,
                         "MODEL, --schema, --model and --column exclude one another");
    }
    if (j->schema) {
        WEIR_TRY(read_file(NULL, weir_sv_cstr(j->schema), &j->arena, &r.avro, st));
    } else if (j->model) {
        WEIR_TRY(read_file(NULL, weir_sv_cstr(j->model), &j->arena, &r.model_text, st));
    } else if (j->columns.n) {
        r.model_text = text_of_columns(j);
    } else {
        r.model = name ? weir_sv_cstr(name) : WEIR_SV("shop");
    }
    WEIR_TRY(read_settings(j, st));
    bool shop = weir_sv_ieq(r.model, WEIR_SV("shop"));
    if (shop && !value_of(j, "tables")) { /* the topics of the shop have names of their own */
        add_option(j, WEIR_SV("tables"), j->target.topic ? j->target.topic : "clickstream");
        j->target.topic = NULL;
    }
    r.options = j->options;
    r.n_options = j->n_options;
    weir_rc rc = weir_datagen_describe(&j->arena, &r, &j->spec, st);
    return rc == WEIR_ENOTFOUND || rc == WEIR_ELIMIT ? st->rc = WEIR_EUSAGE : rc;
}

/* ---- telling ---- */

static void tell_table(weir_buf *out, const weir_datagen_table *t)
{
    weir_buf_printf(out, "table " WEIR_SV_FMT, WEIR_SV_ARG(t->name));
    if (t->rows) {
        weir_buf_printf(out, " with %llu rows", (unsigned long long)t->rows);
    }
    weir_buf_byte(out, '\n');
    for (uint32_t i = 0; i < t->n_columns; i++) {
        weir_buf_printf(out, "  %-20.*s ", WEIR_SV_ARG(t->columns[i].name));
        weir_type_print(out, t->columns[i].type, false);
        weir_buf_str(out, t->columns[i].key ? ", key\n" : "\n");
    }
}

static weir_rc dry_run(job *j, weir_status *st)
{
    weir_buf out = {0};
    weir_datagen_record r;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < weir_datagen_tables(j->spec); i++) {
        if (weir_datagen_table_at(j->spec, i)->wanted) {
            tell_table(&out, weir_datagen_table_at(j->spec, i));
            missing += SAMPLES;
        }
    }
    uint32_t told[WEIR_DATAGEN_TABLES_MAX] = {0};
    for (uint32_t i = 0; missing && i < SAMPLES_AMONG && weir_datagen_next(j->gen, &r); i++) {
        if (told[r.table]++ < SAMPLES) {
            weir_sv name = weir_datagen_table_at(j->spec, r.table)->name;
            weir_buf_printf(&out, WEIR_SV_FMT " ", WEIR_SV_ARG(name));
            weir_datagen_line(&out, &r);
            weir_buf_byte(&out, '\n');
            missing--;
        }
    }
    weir_rc rc = weir_print_text(weir_buf_view(&out), st);
    weir_buf_deinit(&out);
    return rc;
}

static weir_rc list(const job *j, weir_status *st)
{
    weir_buf out = {0};
    weir_rc rc = WEIR_OK;
    if (j->operands.n) {
        const weir_datagen_model *m = weir_datagen_find_model(weir_sv_cstr(j->operands.items[0]));
        rc = m ? WEIR_OK
               : weir_fail(st, WEIR_EUSAGE, "there is no model \"%s\"", j->operands.items[0]);
        weir_buf_str(&out,
                     m && m->text
                         ? m->text
                         : "the shop is no description: tables clickstream, payments, products\n");
    } else {
        for (uint32_t i = 0; i < weir_datagen_n_models; i++) {
            weir_buf_printf(&out, "%-28s %s\n", weir_datagen_models[i].name,
                            weir_datagen_models[i].doc);
        }
    }
    rc = rc ? rc : weir_print_text(weir_buf_view(&out), st);
    weir_buf_deinit(&out);
    return rc;
}

/* On a terminal that shows nothing else. */
static void progress(job *j, bool end)
{
    int64_t now = weir_mono_ns();
    bool quiet = isatty(STDERR_FILENO) != 1 || weir_datagen_output_is_terminal(j->out);
    if (quiet || (!end && now - j->told_ns < TOLD_NS) || (end && !j->told)) {
        return;
    }
    double seconds = (double)(now - j->begun_ns) / 1e9;
    fprintf(stderr, "\r%llu records, %.0f per second   %s", (unsigned long long)j->made,
            (double)j->made / seconds, end ? "\n" : "");
    j->told_ns = now;
    j->told = true;
}

/* ---- making them ---- */

static int stopped(const job *j)
{
    return weir_stop_signum(j->stop ? j->stop : j->target.home.stop);
}

/* What is due by now, but not too many at once. False: that was all. */
static weir_rc make_some(job *j, bool *more, int64_t *wait_ns, weir_status *st)
{
    int64_t elapsed = weir_mono_ns() - j->begun_ns;
    *wait_ns = 0;
    for (int i = 0; i < RECORDS_PER_STEP; i++) {
        weir_datagen_record r;
        int64_t due = weir_datagen_due_ns(j->gen);
        if (due > elapsed) {
            *wait_ns = due - elapsed;
            return WEIR_OK;
        }
        *more = weir_datagen_next(j->gen, &r);
        if (!*more) {
            return WEIR_OK;
        }
        WEIR_TRY(weir_datagen_output_add(j->out, &r, st));
        j->made++;
    }
    return WEIR_OK;
}

static weir_rc make_all(job *j, weir_status *st)
{
    bool more = true;
    weir_datagen_seek(j->gen, j->skip);
    j->begun_ns = weir_mono_ns() - weir_datagen_due_ns(j->gen);
    j->told_ns = weir_mono_ns();
    while (more && !stopped(j) && weir_datagen_output_wanted(j->out)) {
        int64_t wait_ns;
        WEIR_TRY(make_some(j, &more, &wait_ns, st));
        if (wait_ns) {
            WEIR_TRY(weir_datagen_output_flush(j->out, false, st));
            int64_t ms = wait_ns / 1000000 + 1;
            weir_sleep_ms((uint32_t)(ms < WAIT_MS ? ms : WAIT_MS));
        }
        progress(j, false);
    }
    WEIR_TRY(weir_datagen_output_flush(j->out, true, st));
    progress(j, true);
    return WEIR_OK;
}

static weir_rc work(job *j, weir_status *st)
{
    if (j->list) {
        return list(j, st);
    }
    if (j->rules) {
        return weir_print_text(weir_sv_cstr(weir_datagen_rules_help), st);
    }
    WEIR_TRY(describe(j, st));
    j->gen = weir_datagen_new(j->spec);
    if (j->dry_run) {
        return dry_run(j, st);
    }
    WEIR_TRY(weir_datagen_output_open(j->spec, &j->target, &j->out, st));
    j->stop = j->target.home.stop ? NULL : weir_stop_new();
    return make_all(j, st);
}

static int finish(job *j, const weir_command *self, weir_rc rc, const weir_status *st)
{
    int signum = j->stop ? weir_stop_signum(j->stop) : 0;
    int status = weir_home_status(&j->target.home, self, rc, st);
    weir_datagen_output_close(j->out);
    weir_home_close(&j->target.home);
    weir_stop_free(j->stop);
    weir_datagen_free(j->gen);
    weir_arena_deinit(&j->arena);
    return status == WEIR_EXIT_OK && signum ? weir_exit_of_signal(signum) : status;
}

static int run(const weir_command *self, int argc, char **argv)
{
    job j = {0};
    weir_option_row rows[SETTINGS + 18] = {
        {"--quickstart", WEIR_OPT_TEXT, &j.quickstart, 0, 0},
        {"--schema", WEIR_OPT_TEXT, &j.schema, 0, 0},
        {"--model", WEIR_OPT_TEXT, &j.model, 0, 0},
        {"--column", WEIR_OPT_LIST, &j.columns, 0, 0},
        {"--field", WEIR_OPT_LIST, &j.fields, 0, 0},
        {"--list", WEIR_OPT_FLAG, &j.list, 0, 0},
        {"--rules", WEIR_OPT_FLAG, &j.rules, 0, 0},
        {"--dry-run", WEIR_OPT_FLAG, &j.dry_run, 0, 0},
        {"--skip", WEIR_OPT_COUNT, &j.skip, 0, UINT32_MAX},
        {"--topic", WEIR_OPT_TEXT, &j.target.topic, 0, 0},
        {"--output", WEIR_OPT_TEXT, &j.target.output, 0, 0},
        {"--partitions", WEIR_OPT_COUNT, &j.target.partitions, 1, 10000},
        WEIR_HOME_OPTIONS(j.target.home),
    };
    size_t n = WEIR_COUNT(rows) - SETTINGS - 1;
    for (size_t i = 0; i < SETTINGS; i++) {
        rows[n++] = (weir_option_row){settings[i][0], WEIR_OPT_TEXT, &j.values[i], 0, 0};
    }
    weir_status st;
    weir_status_reset(&st);
    weir_arena_init(&j.arena);
    int status = WEIR_EXIT_USAGE;
    if (weir_options_read(self, rows, n, argc, argv, &j.operands)) {
        weir_rc rc = work(&j, &st);
        status = finish(&j, self, rc, &st);
    } else {
        finish(&j, self, WEIR_OK, &st);
    }
    weir_option_list_deinit(&j.operands);
    weir_option_list_deinit(&j.columns);
    weir_option_list_deinit(&j.fields);
    return status;
}

const weir_command weir_cmd_datagen = {
    .name = "datagen",
    .line = "make invented records: a shop's, a quickstart's, your own schema's",
    .help =
        "usage: weir datagen [MODEL | --schema FILE | --model FILE | --column RULE…] [options]\n"
        "\n"
        "Makes records of a model and prints them, one JSON line each, as `weir run --input` reads "
        "them,\n"
        "or writes them into topics. The same options make the same bytes. Without a model it is "
        "the shop:\n"
        "clicks, payments and products that fit together.\n"
        "\n"
        "What is made:\n"
        "  MODEL               a built-in model: shop, store, or one of Confluent's quickstarts\n"
        "  --quickstart NAME   the same\n"
        "  --schema FILE       an Avro schema with arg.properties\n"
        "  --model FILE        a description of tables; --list MODEL prints examples\n"
        "  --column 'NAME TYPE [RULE]'  a column of your own; repeatable\n"
        "  --field COLUMN.ARGUMENT=VALUE  changes a rule: userid.distribution=zipf; repeatable\n"
        "  --tables A,B        only these tables of the model\n"
        "  --key COLUMN        the column of the record's key\n"
        "  --list [MODEL]      prints the built-in models, or one of them\n"
        "  --rules             prints the kinds of rules and their arguments\n"
        "  --dry-run           prints columns and the first records, and writes nothing\n"
        "\n"
        "How many, how fast:\n"
        "  --count N           so many records (100000); 0: no end, except for tables with an end\n"
        "  --duration TIME     ends after so much time of the rate: 300s, 5m\n"
        "  --rate R            records per second; 0 (default): as fast as possible\n"
        "  --burst F:EVERY:FOR F times the rate, every so often, for so long: 10:60s:5s\n"
        "  --sine SHARE:PERIOD the rate goes up and down: 0.5:10m\n"
        "  --ramp R:OVER       the rate becomes R: 500:10m\n"
        "  --steps R:FOR,…     rates one after the other, again and again: 50:1m,200:10s\n"
        "  --skip N            goes on behind the first N records\n"
        "\n"
        "What is in them:\n"
        "  --seed S            another seed, other data (1)\n"
        "  --event-time TIME   event time of the first record: ISO in UTC, or milliseconds\n"
        "                      (2026-01-26T08:00:00); also --start\n"
        "  --speed X           event time runs X times as fast as --rate's seconds (1); where no "
        "rate is set\n"
        "                      100 records are a second\n"
        "  --keys N            so many different keys\n"
        "  --hot SHARE:SIZE    this share of the records has one of so many keys: 0.3:5\n"
        "  --tenants N         a column tenant with so many values\n"
        "  --record-size N     values are filled up to N bytes\n"
        "  --disorder TIME     timestamps are up to so much too early: 500ms\n"
        "  --late SHARE        records that are late (shop: 0.02), by at most\n"
        "  --late-max TIME     so much (60s)\n"
        "  --duplicates SHARE  records that come again (shop: 0.001)\n"
        "  --malformed SHARE   records whose JSON is cut off (0)\n"
        "  --tombstones SHARE  records with a key and no value (0)\n"
        "  --users N, --products N  of the shop (100000, 200)\n"
        "\n"
        "Where they go:\n"
        "  --output FILE|FOLDER/|-  lines in a file, or in TABLE.jsonl for each table (-)\n"
        "  --topic NAME        into this topic; of the shop: clickstream (default), payments or "
        "products.\n"
        "                      Else topics are called as the tables are\n"
        "  --partitions N      of topics that are made\n"
        "  --sql FILE|DIR      the statement that declares the topic says how keys and values are "
        "written\n"
        "\n" WEIR_HOME_HELP "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 4 cannot connect, 130 ended by Ctrl-C "
        "(SIGTERM: 0).\n"
        "\n"
        "Examples:\n"
        "  weir datagen --topic products > products.jsonl\n"
        "  weir datagen --count 10000 | weir run --input clickstream=- --output PURCHASES=- \\\n"
        "      --until-idle purchases.sql\n"
        "  weir datagen --rate 500 --count 0 | weir run --input clickstream=- live.sql\n"
        "  weir datagen store --count 5000 --output data/\n"
        "  weir datagen pageviews --count 500 --rate 50 --seed 42 --bootstrap-servers "
        "localhost:9092\n"
        "  weir datagen --column 'user STRING zipf n=1000 prefix=u_' --column 'amount "
        "DECIMAL(9,2)' \\\n"
        "      --key user --hot 0.3:5 --malformed 0.01 --count 20 --dry-run\n",
    .run = run,
};

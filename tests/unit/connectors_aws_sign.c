/* Signatures of requests to AWS, against the examples that AWS has published: the suite of Signature
 * Version 4, its walk through a request to IAM, and S3's. */
#include "tests/support/test.h"

#include "connectors/aws_sign.h"
#include "engine/base/arena.h"

#define AT_2015_08_30 1440938160 /* 20150830T123600Z */
#define AT_2013_05_24 1369353600 /* 20130524T000000Z */
#define IN_2015 WEIR_SV("AKIDEXAMPLE"), WEIR_SV("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {0}
#define IN_2013 WEIR_SV("AKIAIOSFODNN7EXAMPLE"), WEIR_SV("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {0}
#define SERVICE {WEIR_SV("us-east-1"), WEIR_SV("service"), IN_2015}
#define IAM {WEIR_SV("us-east-1"), WEIR_SV("iam"), IN_2015}
#define S3 {WEIR_SV("us-east-1"), WEIR_SV("s3"), IN_2013}
#define PLAIN WEIR_SV("example.amazonaws.com"), WEIR_SV("/")
#define BUCKET WEIR_SV("examplebucket.s3.amazonaws.com"), WEIR_SV("/")

typedef struct published {
    weir_aws_login login;
    weir_aws_request request;
    int64_t at_s;
    const char *headers, *signature;
} published;

static const published examples[] = {
    {SERVICE, {"GET", PLAIN, {0}, {0}, {0}}, AT_2015_08_30, "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {SERVICE, {"GET", PLAIN, WEIR_SV("Param2=value2&Param1=value1"), {0}, {0}}, AT_2015_08_30,
     "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {IAM,
     {"GET", WEIR_SV("iam.amazonaws.com"), WEIR_SV("/"), WEIR_SV("Action=ListUsers&Version=2010-05-08"),
      WEIR_SV("application/x-www-form-urlencoded; charset=utf-8"), {0}},
     AT_2015_08_30, "content-type;host;x-amz-date",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
    {S3, {"GET", BUCKET, WEIR_SV("lifecycle"), {0}, {0}}, AT_2013_05_24,
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {S3, {"GET", BUCKET, WEIR_SV("max-keys=2&prefix=J"), {0}, {0}}, AT_2013_05_24,
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void published_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEIR_COUNT(examples); i++) {
        const published *e = &examples[i];
        weir_aws_signature s = {0};
        weir_aws_sign(&e->login, &e->request, e->at_s, &s);
        const char *date = e->at_s == AT_2015_08_30 ? "20150830T123600Z" : "20130524T000000Z";
        weir_buf wanted = {0};
        weir_buf_printf(&wanted, "AWS4-HMAC-SHA256 Credential=" WEIR_SV_FMT "/%.8s/" WEIR_SV_FMT "/" WEIR_SV_FMT
                        "/aws4_request, SignedHeaders=%s, Signature=%s", WEIR_SV_ARG(e->login.id), date,
                        WEIR_SV_ARG(e->login.region), WEIR_SV_ARG(e->login.service), e->headers, e->signature);
        assert_string_equal(s.date, date);
        assert_sv_equal(weir_buf_view(&s.login), weir_buf_cstr(&wanted));
        weir_buf_deinit(&wanted);
        weir_buf_deinit(&s.login);
    }
}

static bool same(const weir_aws_login *l, weir_aws_request a, weir_aws_request b)
{
    weir_aws_signature x = {0};
    weir_aws_signature y = {0};
    weir_aws_sign(l, &a, AT_2015_08_30, &x);
    weir_aws_sign(l, &b, AT_2015_08_30, &y);
    bool equal = weir_sv_eq(weir_buf_view(&x.login), weir_buf_view(&y.login));
    weir_buf_deinit(&x.login);
    weir_buf_deinit(&y.login);
    return equal;
}

/* However a query is spelled, it is signed alike; another one is not. */
static void queries_have_one_spelling(void **state)
{
    (void)state;
    static const weir_aws_login l = SERVICE;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {{"a=1&b=2", "b=2&a=1", true},     {"a=,*", "a=%2c%2A", true}, {"a", "a=", true},
                 {"a=1&&b=2&", "b=2&a=1", true},   {"a=%7E%41", "a=~A", true}, {"a=%", "a=%25", true},
                 {"a=%4", "a=%254", true},         {"a=2&a=1", "a=1&a=2", true}, {"a=1", "a=2", false},
                 {"a=b=c", "a=b%3Dc", true},       {"a=+", "a=%20", false},    {"", "a", false}};
    for (size_t i = 0; i < WEIR_COUNT(cases); i++) {
        weir_aws_request a = {"POST", PLAIN, weir_sv_cstr(cases[i].a), {0}, WEIR_SV("x")};
        weir_aws_request b = {"POST", PLAIN, weir_sv_cstr(cases[i].b), {0}, WEIR_SV("x")};
        if (same(&l, a, b) != cases[i].same) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
    }
    weir_aws_request a = {"POST", PLAIN, {0}, {0}, WEIR_SV("x")};
    weir_aws_request b = a;
    b.path = (weir_sv){0};
    assert_true(same(&l, a, b));
    b.body = WEIR_SV("y");
    assert_false(same(&l, a, b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(queries_have_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Signatures with published vectors: Standard Webhooks' specification, GitHub's documentation, RFC
 * 4231 and RFC 2202. */
#include "tests/support/test.h"

#include "connectors/signing.h"

#define STANDARD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_AT 1614265330
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_SUM "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

/* RFC 8032, 7.1, test 1: the key. What is signed is ours, the signature is another library's. */
#define SEED "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define PUBLIC "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SEED_AND_PUBLIC \
    "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
#define SEED_AND_ANOTHER \
    "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdReA=="
#define KEY_SUM \
    "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw=="

static weir_signer *signer_of(const char *a, const char *b)
{
    weir_signer *s = NULL;
    weir_status st = {0};
    weir_sv secrets[] = {weir_sv_cstr(a), weir_sv_cstr(b)};
    assert_ok(weir_signer_new(secrets, b ? 2 : 1, &s, &st), &st);
    return s;
}

static void standard_webhooks_are_signed(void **state)
{
    (void)state;
    weir_status st = {0};
    weir_buf out = {0};
    weir_signer *s = signer_of(STANDARD_SECRET, NULL);
    for (int again = 0; again < 2; again++) {
        weir_buf_reset(&out);
        assert_ok(weir_webhook_sign(s, WEIR_SV(STANDARD_ID), STANDARD_AT, WEIR_SV(STANDARD_BODY),
                                    &out, &st),
                  &st);
        assert_sv_equal(weir_buf_view(&out), STANDARD_SUM);
    }
    weir_signer_free(s);
    s = signer_of(STANDARD_SECRET, "old secret");
    weir_buf_reset(&out);
    assert_ok(weir_webhook_sign(s, WEIR_SV("msg_1"), STANDARD_AT, WEIR_SV("{}"), &out, &st), &st);
    weir_sv both = weir_buf_view(&out);
    int64_t blank = weir_sv_find(both, WEIR_SV(" "), 0);
    assert_int_equal(blank, 47);
    assert_sv_equal(weir_sv_of(both.p + 48, both.n - 48),
                    "v1,9+SzjCVUJ+VSaVlZs6E0/8vzNGG49/aqbOoMNUIUjD8=");
    weir_buf_deinit(&out);
    weir_signer_free(s);
}

static void ids_that_cannot_be_signed_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a.b", "a b", "a\n", "a\x7f"};
    weir_signer *s = signer_of("secret", NULL);
    weir_status st = {0};
    weir_buf out = {0};
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        assert_int_equal(weir_webhook_sign(s, weir_sv_cstr(bad[i]), 1, WEIR_SV("x"), &out, &st),
                         WEIR_EUSAGE);
        assert_int_equal(out.n, 0);
    }
    weir_buf_deinit(&out);
    weir_signer_free(s);
}

static void secrets_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "whsec_", "whsec_*",
                                      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "whsk_", "whsk_*", "whpk_AAAA",
                                      "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", /* too short */
                                      "whpk_" SEED_AND_PUBLIC, "whsk_" SEED_AND_ANOTHER};
    weir_status st = {0};
    weir_signer *s = NULL;
    for (size_t i = 0; i < WEIR_COUNT(bad); i++) {
        weir_sv two[] = {WEIR_SV("good"), weir_sv_cstr(bad[i])};
        assert_int_equal(weir_signer_new(two, 2, &s, &st), WEIR_EUSAGE);
        assert_null(s);
        assert_null(strstr(st.msg, "MfKQ"));
    }
    weir_sv many[WEIR_SIGNING_SECRETS_MAX + 1];
    for (size_t i = 0; i < WEIR_COUNT(many); i++) {
        many[i] = WEIR_SV("x");
    }
    assert_int_equal(weir_signer_new(many, WEIR_SIGNING_SECRETS_MAX + 1, &s, &st), WEIR_EUSAGE);
    assert_int_equal(weir_signer_new(many, 0, &s, &st), WEIR_EUSAGE);
    assert_ok(weir_signer_new(many, WEIR_SIGNING_SECRETS_MAX, &s, &st), &st);
    weir_signer_free(s);
    weir_signer_free(NULL);
}

static const char *judge(const weir_signer *s, weir_signature kind, weir_signed m, int64_t now_s)
{
    const char *why = weir_signature_refuses(s, kind, &m, now_s, WEIR_WEBHOOK_TOLERANCE_S);
    return why ? why : "";
}

static void standard_webhooks_are_checked(void **state)
{
    (void)state;
    const weir_signed good = {WEIR_SV(STANDARD_SUM), WEIR_SV(STANDARD_ID), WEIR_SV("1614265330"),
                              WEIR_SV(STANDARD_BODY)};
    weir_signer *s = signer_of("another", STANDARD_SECRET);
    weir_signature kind = WEIR_SIGNATURE_STANDARD;
    assert_string_equal(judge(s, kind, good, STANDARD_AT), "");
    assert_string_equal(judge(s, kind, good, STANDARD_AT + 300), "");
    assert_string_equal(judge(s, kind, good, STANDARD_AT - 300), "");
    assert_string_equal(judge(s, kind, good, STANDARD_AT + 301), "webhook-timestamp is too old");
    assert_string_equal(judge(s, kind, good, STANDARD_AT - 301),
                        "webhook-timestamp is in the future");
    weir_signed m = good;
    m.signature = WEIR_SV("v1a,xyz v2, v1,AAAA " STANDARD_SUM);
    assert_string_equal(judge(s, kind, m, STANDARD_AT), "");
    static const char *const wrong[] = {
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,",
        "v1",
        " ",
        "g0hM9SsE+OTPJTGt",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=x",
    };
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        m.signature = weir_sv_cstr(wrong[i]);
        assert_string_equal(judge(s, kind, m, STANDARD_AT), "the signature is wrong");
    }
    m = good;
    m.signature = (weir_sv){0};
    assert_string_equal(judge(s, kind, m, STANDARD_AT), "there is no signature");
    m = good;
    m.body = WEIR_SV(STANDARD_BODY " ");
    assert_string_equal(judge(s, kind, m, STANDARD_AT), "the signature is wrong");
    m = good;
    m.id = (weir_sv){0};
    assert_string_equal(judge(s, kind, m, STANDARD_AT), "webhook-id is missing or wrong");
    static const char *const times[] = {"", "-1", "16142653.0", "9999999999999999999",
                                        " 1614265330"};
    for (size_t i = 0; i < WEIR_COUNT(times); i++) {
        m = good;
        m.timestamp = weir_sv_cstr(times[i]);
        assert_string_equal(judge(s, kind, m, STANDARD_AT),
                            "webhook-timestamp is missing or wrong");
    }
    weir_signer_free(s);
}

static void ed25519_keys_sign_and_check(void **state)
{
    (void)state;
    weir_status st = {0};
    weir_buf out = {0};
    weir_signer *private = signer_of("whsk_" SEED, "old secret");
    weir_signer *seeds = signer_of("whsk_" SEED_AND_PUBLIC, NULL);
    weir_signer *public = signer_of("another", "whpk_" PUBLIC);
    assert_true(weir_signer_can_sign(private));
    assert_false(weir_signer_can_sign(public));
    assert_int_equal(weir_webhook_sign(public, WEIR_SV("m"), 1, WEIR_SV("x"), &out, &st), WEIR_EUSAGE);
    assert_ok(weir_webhook_sign(seeds, WEIR_SV(STANDARD_ID), STANDARD_AT, WEIR_SV(STANDARD_BODY), &out, &st),
              &st);
    assert_sv_equal(weir_buf_view(&out), KEY_SUM);
    weir_buf_reset(&out);
    assert_ok(weir_webhook_sign(private, WEIR_SV(STANDARD_ID), STANDARD_AT, WEIR_SV(STANDARD_BODY), &out,
                                &st), &st);
    assert_true(weir_sv_starts(weir_buf_view(&out), WEIR_SV(KEY_SUM " v1,")));
    weir_signed m = {weir_buf_view(&out), WEIR_SV(STANDARD_ID), WEIR_SV("1614265330"), WEIR_SV(STANDARD_BODY)};
    assert_string_equal(judge(public, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT), "");
    assert_string_equal(judge(private, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT), "");
    m.body = WEIR_SV(STANDARD_BODY " ");
    assert_string_equal(judge(public, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT), "the signature is wrong");
    m.body = WEIR_SV(STANDARD_BODY);
    static const char *const wrong[] = {"v1a,", "v1a", "v1," PUBLIC, "v1a,AAAA", KEY_SUM "AAAA"};
    for (size_t i = 0; i < WEIR_COUNT(wrong); i++) {
        m.signature = weir_sv_cstr(wrong[i]);
        assert_string_equal(judge(public, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT), "the signature is wrong");
    }
    m.signature = WEIR_SV("sha256=00");
    assert_string_equal(judge(public, WEIR_SIGNATURE_GITHUB, m, STANDARD_AT), "the signature is wrong");
    weir_signer_free(private);
    weir_signer_free(seeds);
    weir_signer_free(public);
    weir_buf_deinit(&out);
}

static void only_so_many_signatures_are_looked_at(void **state)
{
    (void)state;
    weir_buf many = {0};
    for (int i = 0; i < WEIR_SIGNATURES_MAX; i++) {
        weir_buf_str(&many, "v1,AAAA ");
    }
    weir_buf_str(&many, STANDARD_SUM);
    weir_signed m = {weir_buf_view(&many), WEIR_SV(STANDARD_ID), WEIR_SV("1614265330"),
                     WEIR_SV(STANDARD_BODY)};
    weir_signer *s = signer_of(STANDARD_SECRET, NULL);
    assert_string_equal(judge(s, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT),
                        "the signature is wrong");
    m.signature = weir_sv_of(many.p + 8, many.n - 8);
    assert_string_equal(judge(s, WEIR_SIGNATURE_STANDARD, m, STANDARD_AT), "");
    weir_signer_free(s);
    weir_buf_deinit(&many);
}

typedef struct vector {
    weir_signature kind;
    const char *secret, *body, *signature;
} vector;

static void others_signatures_are_checked(void **state)
{
    (void)state;
    static const vector vectors[] = {
        {WEIR_SIGNATURE_GITHUB, "It's a Secret to Everybody", "Hello, World!",
         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        {WEIR_SIGNATURE_GITHUB, "Jefe", "what do ya want for nothing?",
         "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {WEIR_SIGNATURE_GITHUB, "Jefe", "what do ya want for nothing?",
         "sha256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"},
        {WEIR_SIGNATURE_GITHUB,
         "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
         "Hi There", "sha256=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {WEIR_SIGNATURE_SHOPIFY, "Jefe", "what do ya want for nothing?",
         "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="},
        {WEIR_SIGNATURE_SEGMENT, "Jefe", "what do ya want for nothing?",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    };
    for (size_t i = 0; i < WEIR_COUNT(vectors); i++) {
        const vector *v = &vectors[i];
        weir_signer *s = signer_of("new", v->secret);
        weir_signed m = {.signature = weir_sv_cstr(v->signature), .body = weir_sv_cstr(v->body)};
        assert_string_equal(judge(s, v->kind, m, 0), "");
        for (uint32_t cut = 1; cut <= m.signature.n; cut++) {
            weir_signed shorter = m;
            shorter.signature.n -= cut;
            /* base64 may go without its padding */
            bool same = v->kind == WEIR_SIGNATURE_SHOPIFY && cut == 1;
            assert_int_equal(strlen(judge(s, v->kind, shorter, 0)) == 0, same);
        }
        m.body.n--;
        assert_string_equal(judge(s, v->kind, m, 0), "the signature is wrong");
        weir_signer_free(s);
    }
}

static void a_long_key_is_hashed_first(void **state)
{
    (void)state;
    char key[132] = "";
    memset(key, 0xaa, 131);
    weir_signer *s = signer_of(key, NULL);
    weir_signed m = {.signature = WEIR_SV(
                         "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
                     .body = WEIR_SV("Test Using Larger Than Block-Size Key - Hash Key First")};
    assert_string_equal(judge(s, WEIR_SIGNATURE_GITHUB, m, 0), "");
    weir_signer_free(s);
}

static void kinds_have_names(void **state)
{
    (void)state;
    weir_signature kind = WEIR_SIGNATURE_STANDARD;
    assert_true(weir_signature_named(WEIR_SV("GitHub"), &kind));
    assert_int_equal(kind, WEIR_SIGNATURE_GITHUB);
    assert_string_equal(weir_signature_header(kind), "X-Hub-Signature-256");
    assert_true(weir_signature_named(WEIR_SV("segment"), &kind));
    assert_string_equal(weir_signature_header(kind), "X-Signature");
    assert_false(weir_signature_named(WEIR_SV("paypal"), &kind));
    assert_true(weir_same_secret(WEIR_SV("abc"), WEIR_SV("abc")));
    assert_false(weir_same_secret(WEIR_SV("abc"), WEIR_SV("abd")));
    assert_false(weir_same_secret(WEIR_SV("abc"), WEIR_SV("ab")));
    assert_true(weir_same_secret((weir_sv){0}, WEIR_SV("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_webhooks_are_signed),
        cmocka_unit_test(ids_that_cannot_be_signed_are_refused),
        cmocka_unit_test(secrets_that_are_none_are_refused),
        cmocka_unit_test(standard_webhooks_are_checked),
        cmocka_unit_test(ed25519_keys_sign_and_check),
        cmocka_unit_test(only_so_many_signatures_are_looked_at),
        cmocka_unit_test(others_signatures_are_checked),
        cmocka_unit_test(a_long_key_is_hashed_first),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

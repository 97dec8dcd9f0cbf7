/* The grammar: ksqlDB's, plus the extensions of dsl/README.md. Actions call one named function or
 * fill one node; checks that need words live in build.c.
 *
 * Kept free of conflicts. Soft keywords fall back to NAME. The stack is fixed, so text cannot make
 * it grow; the same bound keeps nested statements and queries shallow. */
%include {
#include "dsl/parser.h"
#include <assert.h>

#define YYNOERRORRECOVERY 1
#define YYMALLOCARGTYPE size_t
#define SPAN(x) ((x)->span)
#define TOK(t) ((t).span)
#define PUSH(list, item) WEIR_PUSH(p->a, (list).items, (list).n, (list).cap, (item))
}
%name weir__sql
%token_prefix WEIR_TK_
%token_type {weir_token}
%extra_context {weir__parser *p}
%stack_size 400
%syntax_error { (void)yymajor; (void)TOKEN; weir__syntax_error(p); }
%stack_overflow { weir__stack_overflow(p); }
%start_symbol input

%fallback NAME
    DIGIT_NAME ADD ADVANCE AFTER ALL ALTER ARRAY ASC ASSERT BEGINNING CASCADE CHANGES CHECK COLUMN CONNECTOR
    CONNECTORS CROSS DEFINE DELETE DESC DESCRIBE EMIT ESCAPE EXISTS EXPLAIN EXTENDED FINAL FIRST
    FUNCTION FUNCTIONS GRACE HEADER HEADERS HOPPING ID IF INTERVAL KEY LAST LIST MAP MATCH
    MATCH_RECOGNIZE MEASURES NEXT OFFSET ONE ORDER OVER PARTITION PAST PATTERN PAUSE PER PERIOD
    PLUGINS PRIMARY PRINT PROPERTIES QUERIES REPLACE RESUME RETENTION ROW RUN SAMPLE SCHEMA SCRIPT
    SESSION SET SHOW SINK SIZE SKIP SOURCE STREAM STREAMS STRUCT SUBJECT SYSTEM TABLE TABLES
    TERMINATE TIME TIMEOUT TO TOPIC TOPICS TUMBLING TYPE TYPES UNDEFINE UNION UNNEST UNSET VALUES
    VARIABLES ZONE.

%left OR.
%left AND.
%right NOT.
%left CONCAT.
%left PLUS MINUS.
%left STAR SLASH PERCENT.
%right UNARY.
%left AT.
%nonassoc WORD.               /* MAP, ARRAY, STRUCT as names give way to the constructors */
%left LBRACKET LP ARROW.

/* ------------------------------------------------------------------ entries */

input ::= stmt(S) SEMI.               { weir__finish(p, S); }
input ::= BEGIN_EXPR expr(E).         { p->expr = E; }
input ::= BEGIN_TYPE type(T).         { p->type = T; }
input ::= BEGIN_COLUMNS columns(C).   { p->columns = C; }

/* ------------------------------------------------------------------ names and small parts */

%type ident {weir_ast_ident}
ident(A) ::= NAME(T).                 { A = weir__ident(p, T); }
ident(A) ::= QUOTED(T).               { A = weir__ident(p, T); }
ident(A) ::= VARIABLE(T).             { A = weir__ident(p, T); }

%type source {weir_ast_ident}
source(A) ::= ident(I).               { A = weir__source_name(p, I); }

/* A name at the start of an expression, where three soft words mean something. */
%type xident {weir_ast_ident}
xident(A) ::= NAME(T).                { A = weir__ident(p, T); }
xident(A) ::= QUOTED(T).              { A = weir__ident(p, T); }
xident(A) ::= MAP(T). [WORD]          { A = weir__ident(p, T); }
xident(A) ::= ARRAY(T). [WORD]        { A = weir__ident(p, T); }
xident(A) ::= STRUCT(T). [WORD]       { A = weir__ident(p, T); }

%type idents {weir_ast_idents}
idents(A) ::= ident(I).               { A = (weir_ast_idents){0}; PUSH(A, I); }
idents(A) ::= idents(L) COMMA ident(I). { A = L; PUSH(A, I); }

%type resource {weir_token}
resource(A) ::= ident(I).   { A = p->tok; A.text = weir__as_written(p, I); A.span = I.span; }
resource(A) ::= STRING(T).            { A = T; A.text = weir__unquote(p, T.text); }

%type integer {int64_t}
integer(A) ::= INTEGER(T).            { A = weir__integer(p, T, false); }
integer(A) ::= MINUS INTEGER(T).      { A = weir__integer(p, T, true); }

%type duration {weir_ast_duration}
duration(A) ::= INTEGER(T) ident(U).
    { A = weir__duration(p, weir__to(TOK(T), U.span), weir__integer(p, T, false), U); }
duration(A) ::= MINUS(M) INTEGER(T) ident(U).
    { A = weir__duration(p, weir__to(TOK(M), U.span), weir__integer(p, T, true), U); }

%type if_exists {bool}
if_exists(A) ::= .                    { A = false; }
if_exists(A) ::= IF EXISTS.           { A = true; }
%type if_not_exists {bool}
if_not_exists(A) ::= .                { A = false; }
if_not_exists(A) ::= IF NOT EXISTS.   { A = true; }
%type extended {bool}
extended(A) ::= .                     { A = false; }
extended(A) ::= EXTENDED.             { A = true; }
%type timeout {weir_ast_duration}
timeout(A) ::= .                      { A = (weir_ast_duration){0}; }
timeout(A) ::= TIMEOUT duration(D).   { A = D; }

/* ------------------------------------------------------------------ CREATE … and friends */

%type stmt {weir_ast_stmt *}
stmt(A) ::= query(Q).                 { A = weir__stmt(p, WEIR_S_QUERY); A->as.query = Q; }

%type create_head {weir_ast_stmt *}
create_head(A) ::= CREATE.            { A = weir__stmt(p, WEIR_S_CREATE); }
create_head(A) ::= CREATE SOURCE.
    { A = weir__stmt(p, WEIR_S_CREATE); A->as.create.source = true; }
create_head(A) ::= CREATE OR REPLACE.
    { A = weir__stmt(p, WEIR_S_CREATE); A->as.create.or_replace = true; }
create_head(A) ::= CREATE OR REPLACE SOURCE. {
    A = weir__stmt(p, WEIR_S_CREATE);
    A->as.create.or_replace = true;
    A->as.create.source = true;
}
%type is_table {bool}
is_table(A) ::= STREAM.               { A = false; }
is_table(A) ::= TABLE.                { A = true; }

stmt(A) ::= create_head(H) is_table(K) if_not_exists(X) source(N) elements(C) with(W). {
    A = H;
    A->as.create.table = K;
    A->as.create.if_not_exists = X;
    A->as.create.name = N;
    A->as.create.columns = C;
    A->as.create.props = W.props;
    A->as.create.props_span = W.span;
}
stmt(A) ::= create_head(H) is_table(K) if_not_exists(X) source(N) elements(C) with(W)
            AS(T) query(Q). {
    A = H;
    A->as.create.table = K;
    A->as.create.if_not_exists = X;
    A->as.create.name = N;
    A->as.create.columns = C;
    A->as.create.props = W.props;
    A->as.create.props_span = W.span;
    A->as.create.query = Q;
    if (C.n > 0) {
        weir__error(p, WEIR_ESQL, TOK(T),
                    "Syntax Error: columns cannot be declared together with AS SELECT");
    } else if (A->as.create.source) {
        weir__error(p, WEIR_ESQL, TOK(T), "Syntax Error: SOURCE cannot be used with AS SELECT");
    }
}

%type elements {weir_ast_columns}
elements(A) ::= .                     { A = (weir_ast_columns){0}; }
elements(A) ::= LP columns(C) RP.     { A = C; }
%type columns {weir_ast_columns}
columns(A) ::= column(C).             { A = (weir_ast_columns){0}; weir__column(p, &A, C); }
columns(A) ::= columns(L) COMMA column(C). { A = L; weir__column(p, &A, C); }
%type column {weir_ast_column}
column(A) ::= ident(I) type(T).
    { A = (weir_ast_column){.name = I, .type = T, .span = weir__to(I.span, SPAN(T))}; }
column(A) ::= ident(I) type(T) KEY(E).
    { A = (weir_ast_column){I, T, WEIR_COLUMN_KEY, {0}, weir__to(I.span, TOK(E))}; }
column(A) ::= ident(I) type(T) PRIMARY KEY(E).
    { A = (weir_ast_column){I, T, WEIR_COLUMN_PRIMARY_KEY, {0}, weir__to(I.span, TOK(E))}; }
column(A) ::= ident(I) type(T) HEADERS(E).
    { A = (weir_ast_column){I, T, WEIR_COLUMN_HEADERS, {0}, weir__to(I.span, TOK(E))}; }
column(A) ::= ident(I) type(T) HEADER LP STRING(H) RP(E). {
    A = (weir_ast_column){I, T, WEIR_COLUMN_HEADER, weir_sv_trim(weir__unquote(p, H.text)),
                          weir__to(I.span, TOK(E))};
}

%include {
typedef struct weir__with { weir_ast_props props; weir_span span; } weir__with;
}
%type with {weir__with}
with(A) ::= .                         { A = (weir__with){0}; }
with(A) ::= with_props(W).            { A = W; }
%type with_props {weir__with}
with_props(A) ::= WITH(B) LP props(L) RP(E). { A = (weir__with){L, weir__to(TOK(B), TOK(E))}; }
%type props {weir_ast_props}
props(A) ::= prop(P).                 { A = (weir_ast_props){0}; PUSH(A, P); }
props(A) ::= props(L) COMMA prop(P).  { A = L; PUSH(A, P); }
%type prop {weir_ast_prop}
prop(A) ::= ident(I) EQ literal(V).   { A = (weir_ast_prop){I.name, I.span, V}; }
prop(A) ::= dotted(N) EQ literal(V).  { A = (weir_ast_prop){N.name, N.span, V}; }
prop(A) ::= STRING(N) EQ literal(V).
    { A = (weir_ast_prop){weir__unquote(p, N.text), TOK(N), V}; }

/* rows.per.second: as it is written. Words that end something elsewhere are names behind a dot. */
%type dotted {weir_ast_ident}
dotted(A) ::= ident(I) DOT after_dot(J).
    { A = weir__dotted(p, (weir_ast_ident){.name = weir__as_written(p, I), .span = I.span}, J); }
dotted(A) ::= dotted(I) DOT after_dot(J). { A = weir__dotted(p, I, J); }
%type after_dot {weir_ast_ident}
after_dot(A) ::= ident(I).            { A = I; }
after_dot(A) ::= END(T).              { A = weir__ident(p, T); }
after_dot(A) ::= FROM(T).             { A = weir__ident(p, T); }
after_dot(A) ::= IN(T).               { A = weir__ident(p, T); }
after_dot(A) ::= LIMIT(T).            { A = weir__ident(p, T); }
after_dot(A) ::= NULL(T).             { A = weir__ident(p, T); }
after_dot(A) ::= ON(T).               { A = weir__ident(p, T); }

%type literal {weir_ast_expr *}
literal(A) ::= constant(C).           { A = C; }
literal(A) ::= MINUS(M) number(C).    { A = weir__x_unary(p, M, WEIR_OP_SUB, C); }

%type constant {weir_ast_expr *}
constant(A) ::= number(C).            { A = C; }
constant(A) ::= NULL(T).              { A = weir__x(p, WEIR_X_NULL, TOK(T)); }
constant(A) ::= TRUE(T).              { A = weir__x_boolean(p, TOK(T), true); }
constant(A) ::= FALSE(T).             { A = weir__x_boolean(p, TOK(T), false); }
constant(A) ::= STRING(T).
    { A = weir__x_text(p, WEIR_X_STRING, TOK(T), weir__unquote(p, T.text)); }
constant(A) ::= VARIABLE(T).
    { A = weir__x_text(p, WEIR_X_VARIABLE, TOK(T), weir_sv_of(T.text.p + 2, T.text.n - 3)); }
%type number {weir_ast_expr *}
number(A) ::= INTEGER(T).             { A = weir__x_number(p, T); }
number(A) ::= DECIMAL(T).             { A = weir__x_number(p, T); }
number(A) ::= DOUBLE(T).              { A = weir__x_number(p, T); }

stmt(A) ::= CREATE connector_kind(K) CONNECTOR if_not_exists(X) ident(N) with_props(W). {
    A = weir__stmt(p, WEIR_S_CREATE_CONNECTOR);
    A->as.create_connector.sink = K;
    A->as.create_connector.if_not_exists = X;
    A->as.create_connector.name = N;
    A->as.create_connector.props = W.props;
    A->as.create_connector.props_span = W.span;
}
%type connector_kind {bool}
connector_kind(A) ::= SOURCE.         { A = false; }
connector_kind(A) ::= SINK.           { A = true; }

stmt(A) ::= CREATE TYPE if_not_exists(X) ident(N) AS type(T). {
    A = weir__stmt(p, WEIR_S_CREATE_TYPE);
    A->as.create_type.if_not_exists = X;
    A->as.create_type.name = N;
    A->as.create_type.type = T;
}

stmt(A) ::= INSERT INTO source(N) query(Q). {
    A = weir__stmt(p, WEIR_S_INSERT_QUERY);
    A->as.insert.name = N;
    A->as.insert.query = Q;
}
stmt(A) ::= INSERT INTO source(N) with_props(W) query(Q). {
    A = weir__stmt(p, WEIR_S_INSERT_QUERY);
    A->as.insert.name = N;
    A->as.insert.props = W.props;
    A->as.insert.props_span = W.span;
    A->as.insert.query = Q;
}
stmt(A) ::= INSERT INTO source(N) names(C) VALUES values(V). {
    A = weir__stmt(p, WEIR_S_INSERT_VALUES);
    A->as.values.name = N;
    A->as.values.columns = C;
    A->as.values.values = V;
}
%type names {weir_ast_idents}
names(A) ::= .                        { A = (weir_ast_idents){0}; }
names(A) ::= LP idents(L) RP.         { A = L; }
%type values {weir_ast_exprs}
values(A) ::= LP RP.                  { A = (weir_ast_exprs){0}; }
values(A) ::= LP exprs(L) RP.         { A = L; }

stmt(A) ::= DROP is_table(K) if_exists(X) source(N) delete_topic(D) cascade(C). {
    A = weir__stmt(p, WEIR_S_DROP);
    A->as.drop.table = K;
    A->as.drop.if_exists = X;
    A->as.drop.name = N;
    A->as.drop.delete_topic = D;
    A->as.drop.cascade = C;
}
%type delete_topic {bool}
delete_topic(A) ::= .                 { A = false; }
delete_topic(A) ::= DELETE TOPIC.     { A = true; }
%type cascade {bool}
cascade(A) ::= .                      { A = false; }
cascade(A) ::= CASCADE.               { A = true; }
stmt(A) ::= DROP CONNECTOR if_exists(X) ident(N). {
    A = weir__stmt(p, WEIR_S_DROP_CONNECTOR);
    A->as.drop.if_exists = X;
    A->as.drop.name = N;
}
stmt(A) ::= DROP TYPE if_exists(X) ident(N). {
    A = weir__stmt(p, WEIR_S_DROP_TYPE);
    A->as.drop.if_exists = X;
    A->as.drop.name = N;
}

stmt(A) ::= ALTER is_table(K) source(N) additions(C). {
    A = weir__stmt(p, WEIR_S_ALTER);
    A->as.alter.table = K;
    A->as.alter.name = N;
    A->as.alter.columns = C;
}
%type additions {weir_ast_columns}
additions(A) ::= addition(C).         { A = (weir_ast_columns){0}; weir__column(p, &A, C); }
additions(A) ::= additions(L) COMMA addition(C). { A = L; weir__column(p, &A, C); }
%type addition {weir_ast_column}
addition(A) ::= ADD ident(I) type(T).
    { A = (weir_ast_column){.name = I, .type = T, .span = weir__to(I.span, SPAN(T))}; }
addition(A) ::= ADD COLUMN ident(I) type(T).
    { A = (weir_ast_column){.name = I, .type = T, .span = weir__to(I.span, SPAN(T))}; }

/* ------------------------------------------------------------------ the small statements */

stmt(A) ::= TERMINATE ident(I).  { A = weir__stmt(p, WEIR_S_TERMINATE); A->as.target.name = I; }
stmt(A) ::= TERMINATE ALL.            { A = weir__stmt(p, WEIR_S_TERMINATE); }
stmt(A) ::= PAUSE ident(I).           { A = weir__stmt(p, WEIR_S_PAUSE); A->as.target.name = I; }
stmt(A) ::= PAUSE CONNECTOR ident(I).
    { A = weir__stmt(p, WEIR_S_PAUSE_CONNECTOR); A->as.target.name = I; }
stmt(A) ::= PAUSE ALL.                { A = weir__stmt(p, WEIR_S_PAUSE); }
stmt(A) ::= RESUME ident(I).          { A = weir__stmt(p, WEIR_S_RESUME); A->as.target.name = I; }
stmt(A) ::= RESUME CONNECTOR ident(I).
    { A = weir__stmt(p, WEIR_S_RESUME_CONNECTOR); A->as.target.name = I; }
stmt(A) ::= RESUME ALL.               { A = weir__stmt(p, WEIR_S_RESUME); }

%type explain_head {uint32_t}
explain_head(A) ::= EXPLAIN.          { A = p->tok.span.at; }
stmt(A) ::= explain_head(H) stmt(S). {
    A = weir__stmt(p, WEIR_S_EXPLAIN);
    A->as.explain.stmt = S;
    S->span = weir__until_now(p, H);
    S->text = weir_sv_of(p->text.p + S->span.at, S->span.n);
}
stmt(A) ::= explain_head ident(I).
    { A = weir__stmt(p, WEIR_S_EXPLAIN); A->as.explain.query_id = I; }

stmt(A) ::= DESCRIBE source(N) extended(X). {
    A = weir__stmt(p, WEIR_S_DESCRIBE);
    A->as.target.name = N;
    A->as.target.extended = X;
}
stmt(A) ::= DESCRIBE STREAMS extended(X).
    { A = weir__stmt(p, WEIR_S_DESCRIBE_STREAMS); A->as.target.extended = X; }
stmt(A) ::= DESCRIBE TABLES extended(X).
    { A = weir__stmt(p, WEIR_S_DESCRIBE_TABLES); A->as.target.extended = X; }
stmt(A) ::= DESCRIBE FUNCTION ident(I).
    { A = weir__stmt(p, WEIR_S_DESCRIBE_FUNCTION); A->as.target.name = I; }
stmt(A) ::= DESCRIBE CONNECTOR ident(I).
    { A = weir__stmt(p, WEIR_S_DESCRIBE_CONNECTOR); A->as.target.name = I; }
stmt(A) ::= CHECK CONNECTOR ident(I).
    { A = weir__stmt(p, WEIR_S_CHECK_CONNECTOR); A->as.target.name = I; }

show ::= SHOW.
show ::= LIST.
%type listing {weir_ast_show}
listing(A) ::= STREAMS.               { A = WEIR_SHOW_STREAMS; }
listing(A) ::= TABLES.                { A = WEIR_SHOW_TABLES; }
listing(A) ::= TOPICS.                { A = WEIR_SHOW_TOPICS; }
listing(A) ::= QUERIES.               { A = WEIR_SHOW_QUERIES; }
%type plain_listing {weir_ast_show}
plain_listing(A) ::= PROPERTIES.      { A = WEIR_SHOW_PROPERTIES; }
plain_listing(A) ::= FUNCTIONS.       { A = WEIR_SHOW_FUNCTIONS; }
plain_listing(A) ::= CONNECTORS.      { A = WEIR_SHOW_CONNECTORS; }
plain_listing(A) ::= SOURCE CONNECTORS. { A = WEIR_SHOW_SOURCE_CONNECTORS; }
plain_listing(A) ::= SINK CONNECTORS. { A = WEIR_SHOW_SINK_CONNECTORS; }
plain_listing(A) ::= CONNECTOR PLUGINS. { A = WEIR_SHOW_CONNECTOR_PLUGINS; }
plain_listing(A) ::= TYPES.           { A = WEIR_SHOW_TYPES; }
plain_listing(A) ::= VARIABLES.       { A = WEIR_SHOW_VARIABLES; }
stmt(A) ::= show listing(W) extended(X). {
    A = weir__stmt(p, WEIR_S_SHOW);
    A->as.show.what = W;
    A->as.show.extended = X;
}
stmt(A) ::= show ALL TOPICS extended(X). {
    A = weir__stmt(p, WEIR_S_SHOW);
    A->as.show.what = WEIR_SHOW_TOPICS;
    A->as.show.all = true;
    A->as.show.extended = X;
}
stmt(A) ::= show plain_listing(W).    { A = weir__stmt(p, WEIR_S_SHOW); A->as.show.what = W; }

%type print {weir_ast_stmt *}
stmt(A) ::= print(S).                 { A = S; }
stmt(A) ::= print(S) LIMIT integer(N).
    { A = S; A->as.print.has_limit = true; A->as.print.limit = N; }
print(A) ::= print_topic(S).          { A = S; }
print(A) ::= print_topic(S) print_interval integer(N).
    { A = S; A->as.print.has_interval = true; A->as.print.interval = N; }
%type print_topic {weir_ast_stmt *}
print_topic(A) ::= PRINT resource(R). {
    A = weir__stmt(p, WEIR_S_PRINT);
    A->as.print.topic = R.text;
    A->as.print.topic_span = TOK(R);
}
print_topic(A) ::= PRINT resource(R) FROM BEGINNING. {
    A = weir__stmt(p, WEIR_S_PRINT);
    A->as.print.topic = R.text;
    A->as.print.topic_span = TOK(R);
    A->as.print.from_beginning = true;
}
print_interval ::= INTERVAL.
print_interval ::= SAMPLE.

stmt(A) ::= SET STRING(N) EQ STRING(V). { A = weir__stmt_set(p, WEIR_S_SET, N, V); }
stmt(A) ::= ALTER SYSTEM STRING(N) EQ STRING(V).
    { A = weir__stmt_set(p, WEIR_S_ALTER_SYSTEM, N, V); }
stmt(A) ::= UNSET STRING(N).   { A = weir__stmt_set(p, WEIR_S_UNSET, N, (weir_token){0}); }
stmt(A) ::= DEFINE NAME(N) EQ STRING(V). { A = weir__stmt_set(p, WEIR_S_DEFINE, N, V); }
stmt(A) ::= UNDEFINE NAME(N).  { A = weir__stmt_set(p, WEIR_S_UNDEFINE, N, (weir_token){0}); }
stmt(A) ::= RUN SCRIPT STRING(V).
    { A = weir__stmt_set(p, WEIR_S_RUN_SCRIPT, (weir_token){0}, V); }

%type not_exists {bool}
not_exists(A) ::= .                   { A = false; }
not_exists(A) ::= NOT EXISTS.         { A = true; }
stmt(A) ::= ASSERT not_exists(X) TOPIC resource(R) with(W) timeout(D). {
    A = weir__stmt(p, WEIR_S_ASSERT_TOPIC);
    A->as.assert_topic.not_exists = X;
    A->as.assert_topic.topic = R.text;
    A->as.assert_topic.topic_span = TOK(R);
    A->as.assert_topic.props = W.props;
    A->as.assert_topic.props_span = W.span;
    A->as.assert_topic.timeout = D;
}
%type schema {weir_ast_stmt *}
schema(A) ::= ASSERT not_exists(X) SCHEMA.
    { A = weir__stmt(p, WEIR_S_ASSERT_SCHEMA); A->as.assert_schema.not_exists = X; }
schema(A) ::= ASSERT not_exists(X) SCHEMA SUBJECT resource(R). {
    A = weir__stmt(p, WEIR_S_ASSERT_SCHEMA);
    A->as.assert_schema.not_exists = X;
    A->as.assert_schema.has_subject = true;
    A->as.assert_schema.subject = R.text;
}
stmt(A) ::= schema(S) timeout(D).     { A = S; A->as.assert_schema.timeout = D; }
stmt(A) ::= schema(S) ID literal(I) timeout(D).
    { A = S; A->as.assert_schema.id = I; A->as.assert_schema.timeout = D; }
stmt(A) ::= ASSERT VALUES source(N) names(C) VALUES values(V). {
    A = weir__stmt(p, WEIR_S_ASSERT_VALUES);
    A->as.values.name = N;
    A->as.values.columns = C;
    A->as.values.values = V;
}
stmt(A) ::= ASSERT NULL VALUES source(N) names(C) KEY values(V). {
    A = weir__stmt(p, WEIR_S_ASSERT_NULL_VALUES);
    A->as.values.name = N;
    A->as.values.columns = C;
    A->as.values.values = V;
}
stmt(A) ::= ASSERT is_table(K) source(N) elements(C) with(W). {
    A = weir__stmt(p, WEIR_S_ASSERT_SOURCE);
    A->as.create.table = K;
    A->as.create.name = N;
    A->as.create.columns = C;
    A->as.create.props = W.props;
    A->as.create.props_span = W.span;
}

/* ------------------------------------------------------------------ queries */

%type query {weir_ast_query *}
query(A) ::= selects(Q).              { A = Q; }
query(A) ::= WITH(W) ctes(C) selects(Q).
    { A = Q; A->ctes = C; A->span = weir__to(TOK(W), A->span); }
%type ctes {weir_ast_ctes}
ctes(A) ::= cte(C).                   { A = (weir_ast_ctes){0}; PUSH(A, C); }
ctes(A) ::= ctes(L) COMMA cte(C).     { A = L; PUSH(A, C); }
%type cte {weir_ast_cte}
cte(A) ::= source(N) AS LP query(Q) RP. { A = (weir_ast_cte){N, Q}; }

%type selects {weir_ast_query *}
selects(A) ::= select(Q).             { A = Q; }
selects(A) ::= selects(Q) UNION ALL select(R). { A = Q; weir__union(p, Q, R); }

%type select {weir_ast_query *}
select(A) ::= SELECT(S) distinct(D) items(I) FROM from(F) clauses(Q). {
    A = Q;
    A->distinct = D;
    A->select = I;
    A->from = F;
    A->span = weir__until_now(p, S.span.at);
}
%type distinct {bool}
distinct(A) ::= .                     { A = false; }
distinct(A) ::= DISTINCT.             { A = true; }

%type items {weir_ast_items}
items(A) ::= item(I).                 { A = (weir_ast_items){0}; PUSH(A, I); }
items(A) ::= items(L) COMMA item(I).  { A = L; PUSH(A, I); }
%type item {weir_ast_item}
item(A) ::= STAR(T).                  { A = (weir_ast_item){.kind = WEIR_ITEM_ALL, .span = TOK(T)}; }
item(A) ::= xident(I) DOT STAR(T). {
    A = (weir_ast_item){
        .kind = WEIR_ITEM_SOURCE_ALL, .span = weir__to(I.span, TOK(T)), .source = I};
}
item(A) ::= primary(E) ARROW STAR(T). {
    A = (weir_ast_item){.kind = WEIR_ITEM_STRUCT_ALL, .span = weir__to(SPAN(E), TOK(T)), .expr = E};
}
item(A) ::= expr(E).
    { A = (weir_ast_item){.kind = WEIR_ITEM_EXPR, .span = SPAN(E), .expr = E}; }
item(A) ::= expr(E) ident(I). {
    A = (weir_ast_item){
        .kind = WEIR_ITEM_EXPR, .span = weir__to(SPAN(E), I.span), .expr = E, .alias = I};
}
item(A) ::= expr(E) AS ident(I). {
    A = (weir_ast_item){
        .kind = WEIR_ITEM_EXPR, .span = weir__to(SPAN(E), I.span), .expr = E, .alias = I};
}

%type from {weir_ast_rels}
from(A) ::= rel(R).                   { A = (weir_ast_rels){0}; weir__join(p, &A, R); }
from(A) ::= from(F) join(J) rel(R) within(W) on(O). {
    A = F;
    R->join = J.kind;
    R->within = W;
    R->on = O;
    R->span = weir__until_now(p, J.at);
    weir__join(p, &A, R);
}
%include {
typedef struct weir__joining { weir_ast_join_kind kind; uint32_t at; } weir__joining;
}
%type join {weir__joining}
join(A) ::= JOIN(T).                  { A = (weir__joining){WEIR_AST_JOIN_INNER, T.span.at}; }
join(A) ::= CROSS(T) JOIN.            { A = (weir__joining){WEIR_AST_JOIN_INNER, T.span.at}; }
join(A) ::= INNER(T) JOIN.            { A = (weir__joining){WEIR_AST_JOIN_INNER, T.span.at}; }
join(A) ::= LEFT(T) outer JOIN.       { A = (weir__joining){WEIR_AST_JOIN_LEFT, T.span.at}; }
join(A) ::= RIGHT(T) outer JOIN.      { A = (weir__joining){WEIR_AST_JOIN_RIGHT, T.span.at}; }
join(A) ::= FULL(T) outer JOIN.       { A = (weir__joining){WEIR_AST_JOIN_FULL, T.span.at}; }
outer ::= .
outer ::= OUTER.

%type rel {weir_ast_rel *}
rel(A) ::= rel_primary(R) match(M) alias(I). {
    A = R;
    A->match = M;
    A->alias = I;
    A->span = weir__until_now(p, A->span.at);
}
%type rel_primary {weir_ast_rel *}
rel_primary(A) ::= source(N). {
    A = WEIR_NEW(p->a, weir_ast_rel);
    A->name = N;
    A->span = N.span;
}
rel_primary(A) ::= LP(L) query(Q) RP. {
    A = WEIR_NEW(p->a, weir_ast_rel);
    A->kind = WEIR_REL_QUERY;
    A->query = Q;
    A->span = TOK(L);
}
rel_primary(A) ::= UNNEST(U) LP expr(E) RP. {
    A = WEIR_NEW(p->a, weir_ast_rel);
    A->kind = WEIR_REL_UNNEST;
    A->unnest = E;
    A->span = TOK(U);
}
%type alias {weir_ast_ident}
alias(A) ::= .                        { A = (weir_ast_ident){0}; }
alias(A) ::= source(N).               { A = N; }
alias(A) ::= AS source(N).            { A = N; }

%type within {weir_ast_within *}
within(A) ::= .                       { A = NULL; }
within(A) ::= WITHIN(W) duration(D) grace(G). {
    A = WEIR_NEW(p->a, weir_ast_within);
    *A = (weir_ast_within){D, D, G, weir__until_now(p, W.span.at)};
}
within(A) ::= WITHIN(W) LP duration(B) COMMA duration(D) RP grace(G). {
    A = WEIR_NEW(p->a, weir_ast_within);
    *A = (weir_ast_within){B, D, G, weir__until_now(p, W.span.at)};
}
%type grace {weir_ast_duration}
grace(A) ::= .                        { A = (weir_ast_duration){0}; }
grace(A) ::= GRACE PERIOD duration(D). { A = D; }
%type on {weir_ast_expr *}
on(A) ::= .                           { A = NULL; }
on(A) ::= ON expr(E).                 { A = E; }

/* Clauses in any order; weir__clause refuses the second of a kind and one behind the tail. */
%type clauses {weir_ast_query *}
clauses(A) ::= .                      { A = weir__query(p); }
clauses(A) ::= clauses(Q) WINDOW(T) window(W).
    { A = Q; weir__clause(p, Q, &Q->window_span, T.span.at, "WINDOW"); Q->window = W; }
clauses(A) ::= clauses(Q) WHERE(T) expr(E).
    { A = Q; weir__clause(p, Q, &Q->where_span, T.span.at, "WHERE"); Q->where = E; }
clauses(A) ::= clauses(Q) GROUP(T) BY keys(L). {
    A = Q;
    weir__clause(p, Q, &Q->group_by_span, T.span.at, "GROUP BY");
    Q->has_group_by = true;
    Q->group_by = L;
}
clauses(A) ::= clauses(Q) PARTITION(T) BY keys(L). {
    A = Q;
    weir__clause(p, Q, &Q->partition_by_span, T.span.at, "PARTITION BY");
    Q->has_partition_by = true;
    Q->partition_by = L;
}
clauses(A) ::= clauses(Q) HAVING(T) expr(E).
    { A = Q; weir__clause(p, Q, &Q->having_span, T.span.at, "HAVING"); Q->having = E; }
clauses(A) ::= clauses(Q) ORDER(T) BY orders(L).
    { A = Q; weir__clause(p, Q, &Q->order_by_span, T.span.at, "ORDER BY"); Q->order_by = L; }
clauses(A) ::= clauses(Q) EMIT(T) emit(E).
    { A = Q; weir__clause(p, Q, &Q->emit_span, T.span.at, "EMIT"); Q->emit = E; }
clauses(A) ::= clauses(Q) LIMIT(T) integer(N). {
    A = Q;
    weir__clause(p, Q, &Q->limit_span, T.span.at, "LIMIT");
    Q->has_limit = true;
    Q->limit = N;
}
clauses(A) ::= clauses(Q) OFFSET(T) integer(N). {
    A = Q;
    weir__clause(p, Q, &Q->offset_span, T.span.at, "OFFSET");
    Q->has_offset = true;
    Q->offset = N;
}
%type emit {weir_ast_emit}
emit(A) ::= CHANGES.                  { A = WEIR_EMIT_CHANGES; }
emit(A) ::= FINAL.                    { A = WEIR_EMIT_FINAL; }

%type keys {weir_ast_exprs}
keys(A) ::= vexprs(L).                { A = L; }
keys(A) ::= LP RP.                    { A = (weir_ast_exprs){0}; }
keys(A) ::= LP exprs2(L) RP.          { A = L; }
%type vexprs {weir_ast_exprs}
vexprs(A) ::= value(E).               { A = (weir_ast_exprs){0}; PUSH(A, E); }
vexprs(A) ::= vexprs(L) COMMA value(E). { A = L; PUSH(A, E); }
%type orders {weir_ast_orders}
orders(A) ::= order(O).               { A = (weir_ast_orders){0}; PUSH(A, O); }
orders(A) ::= orders(L) COMMA order(O). { A = L; PUSH(A, O); }
%type order {weir_ast_order}
order(A) ::= expr(E).                 { A = (weir_ast_order){E, false}; }
order(A) ::= expr(E) ASC.             { A = (weir_ast_order){E, false}; }
order(A) ::= expr(E) DESC.            { A = (weir_ast_order){E, true}; }

%type window {weir_ast_window *}
window(A) ::= window_spec(W).         { A = W; }
window(A) ::= ident(I) window_spec(W). { A = W; A->name = I; }
%type window_spec {weir_ast_window *}
window_spec(A) ::= TUMBLING(T) LP SIZE duration(D) window_options(W) RP(E). {
    A = W;
    A->kind = WEIR_AST_WINDOW_TUMBLING;
    A->size = D;
    A->span = weir__to(TOK(T), TOK(E));
}
window_spec(A) ::= HOPPING(T) LP SIZE duration(D) COMMA ADVANCE BY duration(B)
                   window_options(W) RP(E). {
    A = W;
    A->kind = WEIR_AST_WINDOW_HOPPING;
    A->size = D;
    A->advance = B;
    A->span = weir__to(TOK(T), TOK(E));
}
window_spec(A) ::= SESSION(T) LP duration(D) window_options(W) RP(E). {
    A = W;
    A->kind = WEIR_AST_WINDOW_SESSION;
    A->size = D;
    A->span = weir__to(TOK(T), TOK(E));
}
%type window_options {weir_ast_window *}
window_options(A) ::= .               { A = WEIR_NEW(p->a, weir_ast_window); }
window_options(A) ::= window_options(W) COMMA RETENTION duration(D).
    { A = W; weir__window_option(p, &A->retention, D, "RETENTION"); }
window_options(A) ::= window_options(W) COMMA GRACE PERIOD duration(D).
    { A = W; weir__window_option(p, &A->grace, D, "GRACE PERIOD"); }

/* ------------------------------------------------------------------ MATCH_RECOGNIZE */

%type match {weir_ast_match *}
match(A) ::= .                        { A = NULL; }
match(A) ::= MATCH_RECOGNIZE(T) LP partition(P) order_by(O) measures(M) rows_per_match skip(K)
             PATTERN LP pattern(R) RP match_within(W) DEFINE defines(D) RP(E). {
    A = WEIR_NEW(p->a, weir_ast_match);
    *A = (weir_ast_match){P, O, M, K.skip, K.to, R, W, D, weir__to(TOK(T), TOK(E))};
}
%type partition {weir_ast_exprs}
partition(A) ::= .                    { A = (weir_ast_exprs){0}; }
partition(A) ::= PARTITION BY vexprs(L). { A = L; }
%type order_by {weir_ast_orders}
order_by(A) ::= .                     { A = (weir_ast_orders){0}; }
order_by(A) ::= ORDER BY orders(L).   { A = L; }
%type measures {weir_ast_named_exprs}
measures(A) ::= .                     { A = (weir_ast_named_exprs){0}; }
measures(A) ::= MEASURES measure_list(L). { A = L; }
%type measure_list {weir_ast_named_exprs}
measure_list(A) ::= measure(M).       { A = (weir_ast_named_exprs){0}; PUSH(A, M); }
measure_list(A) ::= measure_list(L) COMMA measure(M). { A = L; PUSH(A, M); }
%type measure {weir_ast_named_expr}
measure(A) ::= expr(E) AS ident(I).   { A = (weir_ast_named_expr){I, E}; }
rows_per_match ::= .
rows_per_match ::= ONE ROW PER MATCH.
%include {
typedef struct weir__skipping { weir_ast_skip skip; weir_ast_ident to; } weir__skipping;
}
%type skip {weir__skipping}
skip(A) ::= .                         { A = (weir__skipping){0}; }
skip(A) ::= AFTER MATCH SKIP PAST LAST ROW. { A = (weir__skipping){0}; }
skip(A) ::= AFTER MATCH SKIP TO NEXT ROW. { A = (weir__skipping){.skip = WEIR_SKIP_TO_NEXT_ROW}; }
skip(A) ::= AFTER MATCH SKIP TO FIRST ident(I). { A = (weir__skipping){WEIR_SKIP_TO_FIRST, I}; }
skip(A) ::= AFTER MATCH SKIP TO LAST ident(I).  { A = (weir__skipping){WEIR_SKIP_TO_LAST, I}; }
%type match_within {weir_ast_duration}
match_within(A) ::= .                 { A = (weir_ast_duration){0}; }
match_within(A) ::= WITHIN INTERVAL(T) STRING(V) ident(U). { A = weir__interval(p, T, V, U); }
match_within(A) ::= WITHIN duration(D). { A = D; }
%type defines {weir_ast_named_exprs}
defines(A) ::= define(D).             { A = (weir_ast_named_exprs){0}; PUSH(A, D); }
defines(A) ::= defines(L) COMMA define(D). { A = L; PUSH(A, D); }
%type define {weir_ast_named_expr}
define(A) ::= ident(I) AS expr(E).    { A = (weir_ast_named_expr){I, E}; }

%type pattern {weir_ast_pattern *}
pattern(A) ::= pattern_seq(S).        { A = S; }
pattern(A) ::= pattern(L) PIPE pattern_seq(S).
    { A = weir__pattern_join(p, WEIR_PATTERN_ALT, L, S); }
%type pattern_seq {weir_ast_pattern *}
pattern_seq(A) ::= pattern_item(I).   { A = I; }
pattern_seq(A) ::= pattern_seq(L) pattern_item(I).
    { A = weir__pattern_join(p, WEIR_PATTERN_SEQ, L, I); }
%type pattern_item {weir_ast_pattern *}
pattern_item(A) ::= pattern_atom(P).  { A = P; }
pattern_item(A) ::= pattern_atom(P) quantifier(Q) reluctant(R). {
    A = P;
    A->min = Q.min;
    A->max = Q.max;
    A->reluctant = R;
    A->span = weir__until_now(p, A->span.at);
}
%type pattern_atom {weir_ast_pattern *}
pattern_atom(A) ::= ident(I).
    { A = weir__pattern(p, WEIR_PATTERN_VAR, I.span); A->name = I; }
pattern_atom(A) ::= LP(L) pattern(P) RP(E).
    { A = weir__pattern_group(p, weir__to(TOK(L), TOK(E)), P); }
%include {
typedef struct weir__times { uint32_t min, max; } weir__times;
static weir__times weir__times_of(weir__parser *p, weir_span span, int64_t min, int64_t max)
{
    if (min > max || max == 0 || min >= WEIR_PATTERN_MANY ||
        (max >= WEIR_PATTERN_MANY && max != INT64_MAX)) {
        weir__error(p, WEIR_ESQL, span, "Syntax Error: a quantifier needs 0 <= n <= m and m > 0");
    }
    return (weir__times){(uint32_t)min, max == INT64_MAX ? WEIR_PATTERN_MANY : (uint32_t)max};
}
}
%type quantifier {weir__times}
quantifier(A) ::= STAR.               { A = (weir__times){0, WEIR_PATTERN_MANY}; }
quantifier(A) ::= PLUS.               { A = (weir__times){1, WEIR_PATTERN_MANY}; }
quantifier(A) ::= QUESTION.           { A = (weir__times){0, 1}; }
quantifier(A) ::= LBRACE(B) INTEGER(N) RBRACE(E). {
    int64_t n = weir__integer(p, N, false);
    A = weir__times_of(p, weir__to(TOK(B), TOK(E)), n, n);
}
quantifier(A) ::= LBRACE(B) INTEGER(N) COMMA RBRACE(E).
    { A = weir__times_of(p, weir__to(TOK(B), TOK(E)), weir__integer(p, N, false), INT64_MAX); }
quantifier(A) ::= LBRACE(B) COMMA INTEGER(M) RBRACE(E).
    { A = weir__times_of(p, weir__to(TOK(B), TOK(E)), 0, weir__integer(p, M, false)); }
quantifier(A) ::= LBRACE(B) INTEGER(N) COMMA INTEGER(M) RBRACE(E). {
    A = weir__times_of(p, weir__to(TOK(B), TOK(E)), weir__integer(p, N, false),
                       weir__integer(p, M, false));
}
%type reluctant {bool}
reluctant(A) ::= .                    { A = false; }
reluctant(A) ::= QUESTION.            { A = true; }

/* ------------------------------------------------------------------ types */

%type type {weir_ast_type *}
type(A) ::= type(T) ARRAY(E).
    { A = weir__type_nested(p, WEIR_TY_ARRAY, weir__to(SPAN(T), TOK(E)), NULL, T); }
type(A) ::= ARRAY(B) LT type(T) GT(E).
    { A = weir__type_nested(p, WEIR_TY_ARRAY, weir__to(TOK(B), TOK(E)), NULL, T); }
type(A) ::= MAP(B) LT type(K) COMMA type(T) GT(E).
    { A = weir__type_nested(p, WEIR_TY_MAP, weir__to(TOK(B), TOK(E)), K, T); }
type(A) ::= STRUCT(B) LT fields(F) GT(E). { A = weir__type_struct(p, weir__to(TOK(B), TOK(E)), F); }
type(A) ::= STRUCT(B) LT GT(E).
    { A = weir__type_struct(p, weir__to(TOK(B), TOK(E)), (weir_ast_fields){0}); }
type(A) ::= STRUCT(B) NE(E).
    { A = weir__type_struct(p, weir__to(TOK(B), TOK(E)), (weir_ast_fields){0}); }
type(A) ::= ident(I).                 { A = weir__type_named(p, I, NULL, I.span); }
type(A) ::= ident(I) LP type_params(L) RP(E).
    { A = weir__type_named(p, I, &L, weir__to(I.span, TOK(E))); }
%type type_params {weir_ast_exprs}
type_params(A) ::= type_param(P).     { A = (weir_ast_exprs){0}; PUSH(A, P); }
type_params(A) ::= type_params(L) COMMA type_param(P). { A = L; PUSH(A, P); }
%type type_param {weir_ast_expr *}
type_param(A) ::= number(N).          { A = N; }
type_param(A) ::= MINUS(M) number(N). { A = weir__x_unary(p, M, WEIR_OP_SUB, N); }
type_param(A) ::= NAME(T).
    { A = weir__x_column(p, (weir_ast_ident){0}, weir__ident(p, T)); }
%type fields {weir_ast_fields}
fields(A) ::= ident(I) type(T).
    { A = (weir_ast_fields){0}; PUSH(A, ((weir_ast_field){I, T})); }
fields(A) ::= fields(L) COMMA ident(I) type(T). { A = L; PUSH(A, ((weir_ast_field){I, T})); }

/* ------------------------------------------------------------------ expressions */

%type expr {weir_ast_expr *}
expr(A) ::= value(E).                 { A = E; }
expr(A) ::= NOT(T) expr(E).           { A = weir__x_not(p, weir__to(TOK(T), SPAN(E)), E); }
expr(A) ::= expr(L) AND(O) expr(R).   { A = weir__x_logic(p, WEIR_OP_AND, L, O, R); }
expr(A) ::= expr(L) OR(O) expr(R).    { A = weir__x_logic(p, WEIR_OP_OR, L, O, R); }
expr(A) ::= value(L) comparison(O) value(R).
    { A = weir__x_binary(p, WEIR_X_COMPARE, O.op, L, O.token, R); }
expr(A) ::= value(L) BETWEEN value(X) AND value(Y).
    { A = weir__x_node(p, WEIR_X_BETWEEN, weir__to(SPAN(L), SPAN(Y)), L, X, Y); }
expr(A) ::= value(L) NOT BETWEEN value(X) AND value(Y). {
    weir_span span = weir__to(SPAN(L), SPAN(Y));
    A = weir__x_not(p, span, weir__x_node(p, WEIR_X_BETWEEN, span, L, X, Y));
}
expr(A) ::= value(L) IN LP exprs(I) RP(E). {
    A = weir__x_node(p, WEIR_X_IN, weir__to(SPAN(L), TOK(E)), L, NULL, NULL);
    weir__x_args(p, A, &I);
}
expr(A) ::= value(L) NOT IN LP exprs(I) RP(E). {
    weir_ast_expr *in = weir__x_node(p, WEIR_X_IN, weir__to(SPAN(L), TOK(E)), L, NULL, NULL);
    weir__x_args(p, in, &I);
    A = weir__x_not(p, SPAN(in), in);
}
expr(A) ::= value(L) LIKE value(R) escape(E). { A = weir__x_like(p, L, R, E); }
expr(A) ::= value(L) NOT LIKE value(R) escape(E). {
    weir_ast_expr *like = weir__x_like(p, L, R, E);
    A = weir__x_not(p, SPAN(like), like);
}
expr(A) ::= value(L) IS NULL(E).
    { A = weir__x_node(p, WEIR_X_IS_NULL, weir__to(SPAN(L), TOK(E)), L, NULL, NULL); }
expr(A) ::= value(L) IS NOT NULL(E). {
    A = weir__x_node(p, WEIR_X_IS_NULL, weir__to(SPAN(L), TOK(E)), L, NULL, NULL);
    A->as.negated = true;
}
expr(A) ::= value(L) IS(O) DISTINCT FROM value(R). {
    A = weir__x_binary(p, WEIR_X_COMPARE, WEIR_OP_DISTINCT, L, O, R);
    A->at = SPAN(A);
}
expr(A) ::= value(L) IS(O) NOT DISTINCT FROM value(R). {
    weir_ast_expr *e = weir__x_binary(p, WEIR_X_COMPARE, WEIR_OP_DISTINCT, L, O, R);
    e->at = SPAN(e);
    A = weir__x_not(p, SPAN(e), e);
}
%include {
typedef struct weir__operator { weir_ast_op op; weir_token token; } weir__operator;
}
%type comparison {weir__operator}
comparison(A) ::= EQ(T).              { A = (weir__operator){WEIR_OP_EQ, T}; }
comparison(A) ::= NE(T).              { A = (weir__operator){WEIR_OP_NE, T}; }
comparison(A) ::= LT(T).              { A = (weir__operator){WEIR_OP_LT, T}; }
comparison(A) ::= LE(T).              { A = (weir__operator){WEIR_OP_LE, T}; }
comparison(A) ::= GT(T).              { A = (weir__operator){WEIR_OP_GT, T}; }
comparison(A) ::= GE(T).              { A = (weir__operator){WEIR_OP_GE, T}; }
%type escape {weir_token}
escape(A) ::= .                       { A = (weir_token){0}; }
escape(A) ::= ESCAPE STRING(T).       { A = T; }

%type exprs {weir_ast_exprs}
exprs(A) ::= expr(E).                 { A = (weir_ast_exprs){0}; PUSH(A, E); }
exprs(A) ::= exprs2(L).               { A = L; }
%type exprs2 {weir_ast_exprs}
exprs2(A) ::= expr(E) COMMA expr(F).  { A = (weir_ast_exprs){0}; PUSH(A, E); PUSH(A, F); }
exprs2(A) ::= exprs2(L) COMMA expr(E). { A = L; PUSH(A, E); }

%type value {weir_ast_expr *}
value(A) ::= primary(E).              { A = E; }
value(A) ::= MINUS(O) value(E). [UNARY] { A = weir__x_unary(p, O, WEIR_OP_SUB, E); }
value(A) ::= PLUS(O) value(E). [UNARY]  { A = weir__x_unary(p, O, WEIR_OP_ADD, E); }
value(A) ::= value(L) STAR(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_MUL, L, O, R); }
value(A) ::= value(L) SLASH(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_DIV, L, O, R); }
value(A) ::= value(L) PERCENT(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_MOD, L, O, R); }
value(A) ::= value(L) PLUS(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_ADD, L, O, R); }
value(A) ::= value(L) MINUS(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_SUB, L, O, R); }
value(A) ::= value(L) CONCAT(O) value(R).
    { A = weir__x_binary(p, WEIR_X_BINARY, WEIR_OP_CONCAT, L, O, R); }
value(A) ::= value(L) AT TIME ZONE STRING(Z). {
    A = weir__x_node(p, WEIR_X_AT_ZONE, weir__to(SPAN(L), TOK(Z)), L, NULL, NULL);
    A->as.text = weir__unquote(p, Z.text);
}

%type primary {weir_ast_expr *}
primary(A) ::= constant(C).           { A = C; }
primary(A) ::= xident(I). [WORD]      { A = weir__x_column(p, (weir_ast_ident){0}, I); }
primary(A) ::= xident(Q) DOT ident(I). { A = weir__x_column(p, Q, I); }
primary(A) ::= xident(I) STRING(T).   { A = weir__x_typed(p, I, T); }
primary(A) ::= LP(B) expr(E) RP(X).   { A = E; A->span = weir__to(TOK(B), TOK(X)); }
primary(A) ::= primary(B) ARROW ident(I). { A = weir__x_field(p, B, I); }
primary(A) ::= primary(B) LBRACKET value(I) RBRACKET(E).
    { A = weir__x_node(p, WEIR_X_INDEX, weir__to(SPAN(B), TOK(E)), B, I, NULL); }
primary(A) ::= CAST(B) LP expr(E) AS type(T) RP(X). {
    A = weir__x_node(p, WEIR_X_CAST, weir__to(TOK(B), TOK(X)), E, NULL, NULL);
    A->as.type = T;
}
primary(A) ::= ARRAY(B) LBRACKET RBRACKET(E).
    { A = weir__x(p, WEIR_X_ARRAY, weir__to(TOK(B), TOK(E))); }
primary(A) ::= ARRAY(B) LBRACKET exprs(L) RBRACKET(E).
    { A = weir__x(p, WEIR_X_ARRAY, weir__to(TOK(B), TOK(E))); weir__x_args(p, A, &L); }
primary(A) ::= MAP(B) LP RP(E).       { A = weir__x(p, WEIR_X_MAP, weir__to(TOK(B), TOK(E))); }
primary(A) ::= MAP(B) LP pairs(L) RP(E).
    { A = weir__x(p, WEIR_X_MAP, weir__to(TOK(B), TOK(E))); weir__x_args(p, A, &L); }
%type pairs {weir_ast_exprs}
pairs(A) ::= expr(K) ASSIGN expr(V).  { A = (weir_ast_exprs){0}; PUSH(A, K); PUSH(A, V); }
pairs(A) ::= pairs(L) COMMA expr(K) ASSIGN expr(V). { A = L; PUSH(A, K); PUSH(A, V); }
primary(A) ::= STRUCT(B) LP RP(E).    { A = weir__x(p, WEIR_X_STRUCT, weir__to(TOK(B), TOK(E))); }
primary(A) ::= STRUCT(B) LP members(M) RP(E).
    { A = M; A->span = A->at = weir__to(TOK(B), TOK(E)); }
%type members {weir_ast_expr *}
members(A) ::= ident(I) ASSIGN expr(V).
    { A = weir__x(p, WEIR_X_STRUCT, I.span); weir__x_struct_field(p, A, I, V); }
members(A) ::= members(M) COMMA ident(I) ASSIGN expr(V).
    { A = M; weir__x_struct_field(p, A, I, V); }

primary(A) ::= CASE(B) whens(W) otherwise(O) END(E). {
    A = W;
    A->span = A->at = weir__to(TOK(B), TOK(E));
    if (O) {
        weir__x_arg(p, A, O);
        A->as.kase.has_else = true;
    }
}
primary(A) ::= CASE(B) value(V) whens(W) otherwise(O) END(E). {
    A = weir__x_node(p, WEIR_X_CASE, weir__to(TOK(B), TOK(E)), V, NULL, NULL);
    A->as.kase.has_operand = true;
    weir_ast_exprs whens = {W->args, W->n, W->cap};
    weir__x_args(p, A, &whens);
    if (O) {
        weir__x_arg(p, A, O);
        A->as.kase.has_else = true;
    }
}
%type whens {weir_ast_expr *}
whens(A) ::= WHEN(B) expr(W) THEN expr(T).
    { A = weir__x_node(p, WEIR_X_CASE, TOK(B), W, T, NULL); }
whens(A) ::= whens(L) WHEN expr(W) THEN expr(T).
    { A = L; weir__x_arg(p, A, W); weir__x_arg(p, A, T); }
%type otherwise {weir_ast_expr *}
otherwise(A) ::= .                    { A = NULL; }
otherwise(A) ::= ELSE expr(E).        { A = E; }

primary(A) ::= call(C).               { A = C; }
primary(A) ::= call(C) OVER(B) LP partition(P) order_by(O) RP(E). {
    A = C;
    weir_ast_over *over = WEIR_NEW(p->a, weir_ast_over);
    *over = (weir_ast_over){P, O, weir__to(TOK(B), TOK(E))};
    weir__x_over(p, A, over);
}
%type call {weir_ast_expr *}
call(A) ::= xident(I) LP RP(E).       { A = weir__x_call(p, I, NULL, E); }
call(A) ::= xident(I) LP STAR RP(E).
    { A = weir__x_call(p, I, NULL, E); A->as.call.star = true; }
call(A) ::= xident(I) LP args(L) RP(E). { A = weir__x_call(p, I, &L, E); }
call(A) ::= xident(I) LP DISTINCT args(L) RP(E).
    { A = weir__x_call(p, I, &L, E); A->as.call.distinct = true; }
%type args {weir_ast_exprs}
args(A) ::= arg(E).                   { A = (weir_ast_exprs){0}; PUSH(A, E); }
args(A) ::= args(L) COMMA arg(E).     { A = L; PUSH(A, E); }
%type arg {weir_ast_expr *}
arg(A) ::= expr(E).                   { A = E; }
arg(A) ::= primary(N) LAMBDA expr(E). {
    weir_ast_exprs params = {0};
    PUSH(params, N);
    A = weir__x_lambda(p, weir__to(SPAN(N), SPAN(E)), &params, E);
}
arg(A) ::= LP(B) exprs2(L) RP LAMBDA expr(E).
    { A = weir__x_lambda(p, weir__to(TOK(B), SPAN(E)), &L, E); }

/* ------------------------------------------------------------------ the seam to expect.c */

%code {
_Static_assert(YYSTACKDEPTH == WEIR_PARSE_DEPTH_MAX, "%stack_size is WEIR_PARSE_DEPTH_MAX");

size_t weir__lemon_size(void)
{
    return sizeof(yyParser);
}
void weir__lemon_init(void *lemon, weir__parser *p)
{
    weir__sqlInit(lemon, p);
}
void weir__lemon_feed(void *lemon, int kind, weir_token token)
{
    weir__sql(lemon, kind, token);
}
void weir__lemon_deinit(void *lemon)
{
    weir__sqlFinalize(lemon);
}
int weir__lemon_tokens(void)
{
    return YYNTOKEN;
}

/* Entries above the first hold states or pending reductions, as yy_shift leaves them. */
void weir__lemon_stack(const void *lemon, weir__stack *out)
{
    const yyParser *y = lemon;
    out->n = (uint32_t)(y->yytos - y->yystack) + 1;
    for (uint32_t i = 0; i < out->n; i++) {
        out->state[i] = y->yystack[i].stateno;
    }
}

static YYACTIONTYPE weir__look_up(uint32_t state, uint32_t token, bool soft)
{
    if (soft) {
        return yy_find_shift_action((YYCODETYPE)token, (YYACTIONTYPE)state);
    }
    if (state > YY_MAX_SHIFT) {
        return (YYACTIONTYPE)state;
    }
    int i = yy_shift_ofst[state] + (int)token;
    return yy_lookahead[i] == token ? yy_action[i] : yy_default[state];
}

bool weir__lemon_accepts(const weir__stack *s, int kind, bool soft, weir__stack *next)
{
    weir__stack local = *s;
    for (;;) {
        YYACTIONTYPE act = weir__look_up(local.state[local.n - 1], (uint32_t)kind, soft);
        if (act >= YY_MIN_REDUCE) {
            uint32_t rule = (uint32_t)act - YY_MIN_REDUCE;
            uint32_t size = (uint32_t)-yyRuleInfoNRhs[rule];
            if (local.n <= size || local.n - size >= WEIR_COUNT(local.state)) {
                return false;
            }
            local.n -= size;
            act = yy_find_reduce_action(local.state[local.n - 1], yyRuleInfoLhs[rule]);
            local.state[local.n++] = act;
            continue;
        }
        if (act > YY_MAX_SHIFTREDUCE || local.n >= WEIR_COUNT(local.state)) {
            return act == YY_ACCEPT_ACTION;
        }
        if (next) {
            *next = local;
            next->state[next->n++] =
                act > YY_MAX_SHIFT ? (YYACTIONTYPE)(act + YY_MIN_REDUCE - YY_MIN_SHIFTREDUCE) : act;
        }
        return true;
    }
}
}

/* The built-in models. Names and types of fields are those that users of ksqlDB and Confluent's
 * generator know from quickstarts; rules and values are our own. Where several belong together
 * (shoe_…, pizza_…, the clickstream), what one refers to exists in the other. */
#include "connectors/datagen.h"

#define ADDRESSES "template template='${11..223}.${0..255}.${0..255}.${1..254}'"
#define FIRST_NAMES                                                                                \
    "list "                                                                                        \
    "values=Ada,Ben,Chiara,Dmitri,Elif,Femi,Greta,Hiro,Inés,Jan,Kwame,Lena,Mats,Noor,Olga,Pau"
#define LAST_NAMES                                                                                 \
    "list "                                                                                        \
    "values=Adler,Bianchi,Costa,Dubois,Eriksson,Fischer,García,Haddad,Ito,Jansen,Kowalski,"       \
    "Lindqvist,Moreau,Novák"
#define CITIES                                                                                     \
    "list values=Berlin,Paris,London,Madrid,Rotterdam,Warszawa,Milano,Oslo,Köln,Porto,Wien,Genève"

#define CODES                                                                                      \
    "table clickstream_codes key=code\n"                                                           \
    "code INT list draw=code values=200,302,404,405,406,407,500\n"                                 \
    "definition STRING list draw=code values='OK,Moved,Not here,Not this way,Not like this,Not "   \
    "by this proxy,Broken'\n"
#define CLICKSTREAM_USERS                                                                          \
    "table clickstream_users key=user_id rows=40\n"                                                \
    "user_id INT sequence start=1\n"                                                               \
    "username STRING template template='${first_name}_${user_id:03}'\n"                            \
    "registered_at BIGINT timestamp max.past=1000d\n"                                              \
    "first_name STRING " FIRST_NAMES "\n"                                                          \
    "last_name STRING " LAST_NAMES "\n"                                                            \
    "city STRING " CITIES "\n"                                                                     \
    "level STRING list values=Gold,Silver,Platinum weights=3,6,1\n"
#define CLICKSTREAM                                                                                \
    "table clickstream key=ip\n"                                                                   \
    "page STRING walk hidden=true sessions=40 steps='index>search:0.3 index>product:0.5 "          \
    "search>product:0.7 "                                                                          \
    "product>index:0.3 product>cart:0.2 product>product:0.3 cart>checkout:0.5 cart>index:0.2'\n"   \
    "ip STRING " ADDRESSES " scope=session\n"                                                      \
    "userid INT uniform min=1 max=40 scope=session\n"                                              \
    "remote_user STRING const value=-\n"                                                           \
    "time STRING timestamp format='dd/MMM/yyyy:HH:mm:ss Z'\n"                                      \
    "_time BIGINT timestamp\n"                                                                     \
    "request STRING template template='GET /${page}.html HTTP/1.1'\n"                              \
    "status STRING list values=200,302,404,405,406,407,500 weights=90,3,3,1,1,1,1\n"               \
    "bytes STRING uniform min=200 max=32000\n"                                                     \
    "referrer STRING list scope=session values=-,https://search.example/,https://news.example/\n"  \
    "agent STRING list scope=session values='[\"Mozilla/5.0 (X11; Linux x86_64) "                  \
    "Firefox/128.0\",\"Mozilla/5.0 "                                                               \
    "(Macintosh; Intel Mac OS X 14_5) Safari/605.1\",\"Mozilla/5.0 (Windows NT 10.0) "             \
    "Chrome/126.0\"]'\n"

#define USERS                                                                                      \
    "table users key=userid\n"                                                                     \
    "registertime BIGINT timestamp max.past=365d\n"                                                \
    "userid STRING uniform keys=9 prefix=User_\n"                                                  \
    "regionid STRING uniform keys=9 prefix=Region_\n"                                              \
    "gender STRING list values=MALE,FEMALE,OTHER\n"

#define STORES                                                                                     \
    "table stores key=store_id rows=7\n"                                                           \
    "store_id INT sequence start=1\n"                                                              \
    "city STRING list values=Hamburg,Bremen,Leipzig,Stuttgart,Mainz,Kiel,Erfurt draw=where\n"      \
    "state STRING list values=HH,HB,SN,BW,RP,SH,TH draw=where\n"
#define CREDIT_CARDS                                                                               \
    "table credit_cards key=card_id rows=24\n"                                                     \
    "card_id INT sequence start=1\n"                                                               \
    "card_number BIGINT uniform min=6011000000000000 max=6011999999999999\n"                       \
    "cvv INT uniform min=100 max=999\n"                                                            \
    "expiration_date STRING regex pattern='(0[1-9]|1[0-2])/(2[7-9]|3[0-2])'\n"

#define SHOES                                                                                      \
    "table shoes key=id rows=50\n"                                                                 \
    "id STRING uuid\n"                                                                             \
    "brand STRING list values='Anden & Söhne,Bergfuchs,Corsa,Dune,Elch'\n"                        \
    "name STRING template template='${brand} Trail ${100..999}'\n"                                 \
    "sale_price INT uniform min=2999 max=24999\n"                                                  \
    "rating DOUBLE uniform min=1 max=10 decimals=1\n"
#define SHOE_CUSTOMERS                                                                             \
    "table shoe_customers key=id rows=100\n"                                                       \
    "id STRING uuid\n"                                                                             \
    "first_name STRING " FIRST_NAMES "\n"                                                          \
    "last_name STRING " LAST_NAMES "\n"                                                            \
    "email STRING\n"                                                                               \
    "phone STRING\n"                                                                               \
    "street_address STRING\n"                                                                      \
    "state STRING list draw=land values=Bayern,Île-de-France,Lombardia,Noord-Holland\n"           \
    "zip_code STRING uniform min=10000 max=99999\n"                                                \
    "country STRING list draw=land values=Germany,France,Italy,Netherlands\n"                      \
    "country_code STRING list draw=land values=DE,FR,IT,NL\n"
#define SHOE_ORDERS                                                                                \
    "table shoe_orders key=order_id\n"                                                             \
    "order_id INT sequence start=1000\n"                                                           \
    "product_id STRING ref table=shoes column=id distribution=zipf s=0.8\n"                        \
    "customer_id STRING ref table=shoe_customers column=id\n"                                      \
    "ts TIMESTAMP timestamp\n"
#define SHOE_CLICKSTREAM                                                                           \
    "table shoe_clickstream key=product_id weight=10\n"                                            \
    "product_id STRING ref table=shoes column=id distribution=zipf s=0.8\n"                        \
    "user_id STRING ref table=shoe_customers column=id\n"                                          \
    "view_time INT uniform min=10 max=120\n"                                                       \
    "page_url STRING regex pattern='https://shop[.]example/product/[a-z]{5}'\n"                    \
    "ip STRING " ADDRESSES "\n"                                                                    \
    "ts TIMESTAMP timestamp\n"

#define PIZZA "store_id INT uniform min=1 max=10\n"
#define PIZZA_LINE                                                                                 \
    "STRUCT<product_id INT, category STRING, quantity INT, unit_price DOUBLE, net_price DOUBLE>"

#define FLEET_ID "vehicle_id INT uniform min=1000 max=9999\n"
#define LATER "ts TIMESTAMP timestamp\n"

const weir_datagen_model weir_datagen_models[] = {
    {"shop", "clicks, payments and products of an invented shop with visitors, queues and thieves",
     NULL},
    {"clickstream", "requests of a web server, in sessions", CLICKSTREAM},
    {"clickstream_codes", "what status codes mean", CODES},
    {"clickstream_users", "who is behind the user ids of clickstream", CLICKSTREAM_USERS},
    {"orders", "orders with a nested address",
     "table orders key=orderid\n"
     "ordertime BIGINT timestamp\n"
     "orderid INT sequence\n"
     "itemid STRING uniform keys=999 prefix=Item_\n"
     "orderunits DOUBLE uniform min=0.1 max=10\n"
     "address STRUCT<city STRING, state STRING, zipcode BIGINT> struct city.kind=uniform "
     "city.keys=99 "
     "city.prefix=City_ state.kind=uniform state.keys=99 state.prefix=State_ zipcode.min=10000 "
     "zipcode.max=99999\n"},
    {"users", "people, again and again", USERS},
    {"users_", "people with interests and contact data",
     USERS "interests ARRAY<STRING> array length.min=1 length.max=3 "
           "item.values=Games,News,Sport,Movies,Travel\n"
           "contactinfo MAP<STRING, STRING> map names=phone,city,state,zipcode value.kind=regex "
           "value.pattern='[A-Z][a-z]{4}|[0-9]{5}'\n"},
    {"pageviews", "who looks at which page",
     "table pageviews key=viewtime\n"
     "viewtime BIGINT sequence start=1 step=10\n"
     "userid STRING uniform keys=9 prefix=User_\n"
     "pageid STRING uniform min=10 max=99 prefix=Page_\n"},
    {"ratings", "what passengers think",
     "table ratings key=rating_id\n"
     "rating_id BIGINT sequence start=1\n"
     "user_id INT uniform min=1 max=20\n"
     "stars INT uniform min=1 max=5\n"
     "route_id INT uniform min=1 max=9999\n"
     "rating_time BIGINT timestamp\n"
     "channel STRING list values=web,iOS,android,iOS-test,phone\n"
     "message STRING list values='[\"on time, and the coffee was hot\",\"never again\",\"why three "
     "hours?\","
     "\"friendly crew\",\"lost my suitcase, found my patience\",\"exceeded what I hoped for\"]'\n"},
    {"stock_trades", "buying and selling",
     "table stock_trades key=symbol\n"
     "side STRING list values=BUY,SELL\n"
     "quantity INT uniform min=1 max=5000\n"
     "symbol STRING list values=ZAAA,ZBBB,ZCCC,ZDDD,ZEEE,ZFFF,ZGGG weights=9,6,4,3,2,2,1\n"
     "price INT uniform min=5 max=1000\n"
     "account STRING list values=ABA211,ABB322,ABC433\n"
     "userid STRING uniform keys=9 prefix=User_\n"},
    {"inventory", "how much there is of what",
     "table inventory key=id\n"
     "id BIGINT sequence\n"
     "quantity BIGINT uniform min=0 max=500\n"
     "productid BIGINT uniform keys=100\n"},
    {"product", "a catalogue",
     "table product key=id\n"
     "id BIGINT sequence\n"
     "name STRING template template='Product ${id}'\n"
     "description STRING\n"
     "price DOUBLE uniform min=1 max=500 decimals=2\n"},
    {"purchases", "things sold, with exact prices",
     "table purchases key=id\n"
     "id BIGINT sequence\n"
     "item_type STRING list values=boots,coat,kettle,lamp,desk,stool,radio,mirror,rug\n"
     "quantity BIGINT uniform min=1 max=10\n"
     "price_per_unit DECIMAL(8,2) uniform min=10 max=50\n"},
    {"transactions", "payments in stores by card",
     "table transactions key=transaction_id\n"
     "transaction_id BIGINT sequence start=1\n"
     "card_id BIGINT uniform min=1 max=24\n"
     "user_id STRING uniform keys=9 prefix=User_\n"
     "purchase_id BIGINT sequence\n"
     "store_id INT uniform min=1 max=7\n"},
    {"stores", "the stores of transactions", STORES},
    {"credit_cards", "the cards of transactions", CREDIT_CARDS},
    {"campaign_finance", "gifts to candidates",
     "table campaign_finance key=candidate_id\n"
     "time BIGINT timestamp\n"
     "candidate_id STRING regex pattern='[A-Z][1-9]{8}'\n"
     "party_affiliation STRING list values=REP,DEM,IND\n"
     "contribution INT uniform min=20 max=3500\n"},
    {"fleet_mgmt_description", "vehicles and their drivers",
     "table fleet_mgmt_description key=vehicle_id\n" FLEET_ID "driver_name STRING\n"
     "license_plate STRING regex pattern='[A-Z]{2}[0-9]{6}[A-Z]'\n"},
    {"fleet_mgmt_location", "where vehicles are",
     "table fleet_mgmt_location key=vehicle_id\n" FLEET_ID
     "location STRUCT<latitude DOUBLE, longitude DOUBLE>\n" LATER},
    {"fleet_mgmt_sensors", "how vehicles are",
     "table fleet_mgmt_sensors key=vehicle_id\n" FLEET_ID
     "engine_temperature INT normal mean=200 stddev=15 min=150 max=250\n"
     "average_rpm INT uniform min=1800 max=5000\n"},
    {"pizza_orders", "orders with lines",
     "table pizza_orders key=store_id\n" PIZZA "store_order_id INT sequence start=1000\n"
     "coupon_code INT uniform min=1000 max=2000\n"
     "date DATE timestamp\n"
     "status STRING const value=accepted\n"
     "order_lines ARRAY<" PIZZA_LINE "> array length.min=1 length.max=5 item.product_id.keys=100 "
     "item.category.values=pizza,salad,dessert,wings,calzone item.quantity.min=1 "
     "item.quantity.max=5 "
     "item.unit_price.min=2 item.unit_price.max=25 item.unit_price.decimals=2 item.net_price.min=2 "
     "item.net_price.max=125 item.net_price.decimals=2\n"},
    {"pizza_orders_completed", "orders that have been brought",
     "table pizza_orders_completed key=store_id\n" PIZZA
     "store_order_id INT sequence start=1000 step=2\n"
     "date DATE timestamp\n"
     "status STRING const value=completed\n"
     "rack_time_secs INT uniform min=130 max=230\n"
     "order_delivery_time_secs INT uniform min=1100 max=2000\n"},
    {"pizza_orders_cancelled", "orders that nobody wants any more",
     "table pizza_orders_cancelled key=store_id\n" PIZZA
     "store_order_id INT sequence start=1001 step=2\n"
     "date DATE timestamp\n"
     "status STRING const value=cancelled\n"},
    {"insurance_offers", "what is sold",
     "table insurance_offers key=offer_id rows=10\n"
     "offer_id INT sequence start=1\n"
     "offer_name STRING list values=home,car,travel,pets,bicycle,legal,health suffix=_policy\n"
     "offer_url STRING template template='https://insurance.example/offers/${offer_id}'\n"},
    {"insurance_customers", "who buys",
     "table insurance_customers key=customer_id rows=100\n"
     "customer_id INT sequence start=1\n"
     "first_name STRING " FIRST_NAMES "\n"
     "last_name STRING " LAST_NAMES "\n"
     "email STRING\n"
     "gender STRING list values=Male,Female,Other\n"
     "income INT normal mean=52000 stddev=15000 min=12000\n"
     "fico INT uniform min=400 max=850\n"
     "years_active INT uniform min=0 max=30\n"},
    {"insurance_customer_activity", "what customers do",
     "table insurance_customer_activity key=activity_id\n"
     "activity_id INT sequence start=1\n"
     "customer_id INT uniform min=1 max=100\n"
     "activity_type STRING list values=web_open,mobile_open,new_account weights=5,5,1\n"
     "propensity_to_churn DOUBLE uniform min=0.01 max=1\n"
     "ip_address STRING " ADDRESSES "\n"},
    {"gaming_games", "rooms where people play",
     "table gaming_games key=id\n"
     "id INT uniform min=1000 max=5000\n"
     "room_name STRING list values=Arena,Harbour,Castle,Desert,Orbit\n"
     "created_date TIMESTAMP timestamp\n"},
    {"gaming_players", "who plays",
     "table gaming_players key=player_id rows=100\n"
     "player_id INT sequence start=1001\n"
     "player_name STRING\n"
     "ip STRING " ADDRESSES "\n"},
    {"gaming_player_activity", "points won",
     "table gaming_player_activity key=player_id\n"
     "player_id INT uniform min=1001 max=1100\n"
     "game_room_id INT uniform min=1000 max=5000\n"
     "points INT uniform min=10 max=500\n"
     "coordinates STRING regex pattern='\\[[0-9]{2},[0-9]{2}\\]'\n"},
    {"payroll_employee", "who is paid",
     "table payroll_employee key=employee_id rows=101\n"
     "employee_id INT sequence start=1000\n"
     "first_name STRING " FIRST_NAMES "\n"
     "last_name STRING " LAST_NAMES "\n"
     "age INT uniform min=18 max=67\n"
     "ssn STRING regex pattern='9[0-9]{2}-[0-9]{2}-[0-9]{4}'\n"
     "hourly_rate INT uniform min=15 max=90\n"
     "gender STRING\n"
     "email STRING\n"},
    {"payroll_employee_location", "who works where",
     "table payroll_employee_location key=employee_id\n"
     "employee_id INT uniform min=1000 max=1100\n"
     "lab STRING uniform min=0 max=9 prefix=lab-\n"
     "department_id INT uniform min=1 max=10\n"
     "arrival_date DATE timestamp max.past=1000d\n"},
    {"payroll_bonus", "who is paid more",
     "table payroll_bonus key=employee_id\n"
     "employee_id INT uniform min=1000 max=1100\n"
     "bonus INT uniform min=10 max=50\n" LATER},
    {"syslog_logs", "what machines say",
     "table syslog_logs key=host\n"
     "name STRING regex pattern='[a-z]{5,8}'\n"
     "type STRING list values=RFC5424,RFC3164,CEF,UNKNOWN weights=6,3,1,1\n"
     "message STRING regex pattern='([a-z]{2,6} ){1,3}[a-z]{3,6}'\n"
     "host STRING uniform keys=50 prefix=10.1.0.\n"
     "version STRING const value=4.2.0\n"
     "tag STRING const value=.source.syslog\n"
     "level INT uniform min=0 max=191\n"
     "facility STRING list values=syslog,authpriv,cron\n"
     "severity INT uniform min=0 max=7\n"
     "appName STRING regex pattern='[A-Z]{5,8}'\n"
     "remoteAddress STRING " ADDRESSES "\n"
     "rawMessage STRING template template='${appName}: ${message}'\n"
     "processId STRING uniform min=100 max=32768\n"
     "messageId STRING uniform min=100 max=999\n"
     "deviceVendor STRING list values=Adriatic,Baltic,Caspian\n"
     "deviceProduct STRING list values=gate,switch,wall\n"
     "deviceVersion STRING list values=1.0,1.1,2.0,2.1\n"
     "ts BIGINT timestamp\n"},
    {"device_information", "machines and their owners",
     "table device_information key=device_ip\n"
     "device_ip STRING uniform keys=50 prefix=10.1.0.\n"
     "mac_address STRING regex pattern='([0-9A-F]{2}-){5}[0-9A-F]{2}'\n"
     "owner STRING list values='Ada Adler,Ben Bianchi,Chiara Costa,Dmitri Dubois,Elif Eriksson'\n"},
    {"siem_logs", "what a firewall lets pass",
     "table siem_logs key=hostname\n"
     "hostname STRING uniform keys=50 prefix=10.1.0.\n"
     "action STRING list values=allow,deny weights=9,1\n"
     "l4 STRING list values=tcp,udp weights=4,1\n"
     "access_group STRING list values=group-1,group-2,group-3,group-4,admin\n"
     "source STRUCT<ip STRING, port INT> struct port.min=10000 port.max=65535\n"
     "destination STRUCT<ip STRING, port INT> struct port.values=22,53,80,443,8080\n"},
    {"shoes", "a catalogue of shoes", SHOES},
    {"shoe_customers", "who buys shoes", SHOE_CUSTOMERS},
    {"shoe_orders", "orders of shoes: products and customers are those of shoes and shoe_customers",
     SHOE_ORDERS SHOES SHOE_CUSTOMERS},
    {"shoe_clickstream", "visits to the pages of shoes", SHOE_CLICKSTREAM SHOES SHOE_CUSTOMERS},
    {"shoe_store", "shoes, their customers, visits and orders together",
     SHOES SHOE_CUSTOMERS SHOE_CLICKSTREAM SHOE_ORDERS},
    {"store", "customers, products, sessions of views, carts and purchases, orders and shipments",
     "table customers key=customer_id rows=1000\n"
     "customer_id STRING sequence start=1 prefix=C width=5\n"
     "name STRING\n"
     "country STRING\n"
     "since TIMESTAMP timestamp max.past=900d\n"
     "table products key=product_id rows=100\n"
     "product_id STRING sequence start=1 prefix=P width=4\n"
     "category STRING\n"
     "price DECIMAL(9,2) uniform min=3 max=400\n"
     "table events key=customer_id weight=20\n"
     "event_type STRING walk sessions=200 steps='view>view:0.55 view>add_to_cart:0.25 "
     "add_to_cart>view:0.4 "
     "add_to_cart>purchase:0.4 purchase>view:0.1'\n"
     "session_id STRING session start=1 prefix=S width=7\n"
     "customer_id STRING ref table=customers distribution=zipf s=0.7 scope=session\n"
     "product_id STRING ref table=products distribution=zipf s=0.9 scope=item\n"
     "price DECIMAL(9,2) ref with=product_id\n"
     "quantity INT zipf n=5 s=2 scope=item when=add_to_cart,purchase\n"
     "ts BIGINT timestamp\n"
     "table orders key=order_id weight=2\n"
     "order_id BIGINT sequence start=1\n"
     "customer_id STRING ref table=customers distribution=zipf s=0.7\n"
     "product_id STRING ref table=products distribution=zipf s=0.9\n"
     "price DECIMAL(9,2) ref with=product_id\n"
     "quantity INT zipf n=5 s=2\n"
     "total DECIMAL(11,2) times of=price,quantity\n"
     "table shipments key=order_id\n"
     "order_id BIGINT ref table=orders\n"
     "carrier STRING list values=Bote,Eilpost,Fahrrad\n"},
};
const uint32_t weir_datagen_n_models = WEIR_COUNT(weir_datagen_models);

const weir_datagen_model *weir_datagen_find_model(weir_sv name)
{
    for (uint32_t i = 0; i < weir_datagen_n_models; i++) {
        if (weir_sv_ieq(name, weir_sv_cstr(weir_datagen_models[i].name))) {
            return &weir_datagen_models[i];
        }
    }
    return NULL;
}

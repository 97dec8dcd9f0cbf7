/* AS_VALUE and GEO_DISTANCE. */
#include "operators/fn_values.h"

#include <math.h>

/* Identity: the words of the argument. */
static void as_value(weir_call *c, const weir_vec *args, uint32_t nargs, const uint16_t *sel,
                     uint32_t n, weir_vec *out)
{
    (void)c;
    (void)nargs;
    size_t width = weir_type_width(args[0].type);
    const char *from = args[0].data;
    char *to = out->data;
    if (!sel && args[0].mask) {
        if (n) {
            memcpy(to, from, n * width);
        }
        return;
    }
    WEIR__EACH_ROW (i, row, sel, n) {
        memcpy(to + row * width, from + (row & args[0].mask) * width, width);
    }
}

/* ---- GEO_DISTANCE: the haversine formula ---- */

/* Mean radius of the Earth in the unit, 0 for an unknown one. */
static double earth_radius(weir_sv unit)
{
    static const char *const miles[] = {"mi", "mile", "miles"};
    static const char *const km[] = {"km", "kilometer", "kilometers", "kilometre", "kilometres"};
    unit = weir_text_trim(unit);
    for (size_t i = 0; i < WEIR_COUNT(miles); i++) {
        if (weir_sv_ieq(unit, weir_sv_cstr(miles[i]))) {
            return 3959;
        }
    }
    for (size_t i = 0; i < WEIR_COUNT(km); i++) {
        if (weir_sv_ieq(unit, weir_sv_cstr(km[i]))) {
            return 6371;
        }
    }
    return unit.n ? 0 : 6371;
}

static double radians(double degrees)
{
    return degrees * 0.017453292519943295;
}

static double square_of_sine(double x)
{
    return pow(sin(x), 2);
}

static weir_value geo_distance(weir_call *c, const weir_value *args, uint32_t n)
{
    for (uint32_t i = 0; i < 4; i++) {
        if (args[i].null) {
            return weir__null_argument(c, i);
        }
    }
    double lat1 = args[0].f64;
    double lon1 = args[1].f64;
    double lat2 = args[2].f64;
    double lon2 = args[3].f64;
    if (lat1 < -90 || lat2 < -90 || lat1 > 90 || lat2 > 90) {
        return weir_row_error(c, "valid latitude values for GeoDistance function are in the range "
                                 "of -90 to 90 decimal degrees");
    }
    if (lon1 < -180 || lon2 < -180 || lon1 > 180 || lon2 > 180) {
        return weir_row_error(c, "valid longitude values for GeoDistance function are in the range "
                                 "of -180 to +180 decimal degrees");
    }
    double radius = earth_radius(n > 4 && !args[4].null ? args[4].sv : WEIR_SV("km"));
    if (radius == 0) {
        return weir_row_error(c, "GeoDistance function units parameter must be one of mi, mile, "
                                 "miles, km, kilometer, kilometers, kilometre or kilometres. "
                                 "Values are case-insensitive.");
    }
    double a = square_of_sine(radians(lat2 - lat1) / 2) +
               square_of_sine(radians(lon2 - lon1) / 2) * cos(radians(lat1)) * cos(radians(lat2));
    return weir_double(2 * asin(sqrt(a)) * radius);
}

static const weir_overload as_value_rows[] = {{.sig = "T -> T", .vec = as_value}};
static const weir_overload geo_rows[] = {
    {.sig = "DOUBLE, DOUBLE, DOUBLE, DOUBLE -> DOUBLE", .row = geo_distance,
     .flags = WEIR_FN_NULLS},
    {.sig = "DOUBLE, DOUBLE, DOUBLE, DOUBLE, STRING -> DOUBLE", .row = geo_distance,
     .flags = WEIR_FN_NULLS},
};

const weir_function weir_fn_other[] = {
    {.name = "AS_VALUE", .category = WEIR_CAT_OTHER,
     .doc = "The argument as it is: copies a key column into the value.",
     .example = "AS_VALUE(1) → 1", .overloads = as_value_rows,
     .n_overloads = WEIR_COUNT(as_value_rows)},
    {.name = "GEO_DISTANCE", .category = WEIR_CAT_OTHER,
     .doc = "The great-circle distance between two points in decimal degrees (latitude, longitude, "
            "latitude, longitude), in KM (default) or MI.",
     .example = "GEO_DISTANCE(0, 0, 0, 0) → 0.0", .overloads = geo_rows,
     .n_overloads = WEIR_COUNT(geo_rows)},
};
const uint32_t weir_fn_other_n = WEIR_COUNT(weir_fn_other);

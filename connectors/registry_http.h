/* Confluent's schema registry over HTTP. Nothing is asked before it is needed. */
#pragma once
#include "engine/run/registry.h"

/* `url`: http://host:port; of a list with commas the first. */
weir_registry *weir_registry_http(weir_sv url);

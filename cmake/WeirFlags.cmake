# Compiler settings of the whole project: the interface target `weir_flags` and a few globals.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Assertions stay on in release, so NDEBUG is never set.
foreach(lang C CXX)
    set(CMAKE_${lang}_FLAGS_RELEASE "-O2 -g")
    set(CMAKE_${lang}_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
endforeach()

find_program(ccache ccache)
if(ccache)
    set(CMAKE_C_COMPILER_LAUNCHER ${ccache})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache})
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C CXX)
if(WEIR_LTO)
    check_ipo_supported(RESULT lto OUTPUT lto_problem LANGUAGES C CXX)
    if(lto)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    else()
        message(STATUS "no link-time optimisation: ${lto_problem}")
    endif()
endif()

add_library(weir_flags INTERFACE)
target_include_directories(weir_flags INTERFACE
    ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(weir_flags INTERFACE
    _GNU_SOURCE WEIR_VERSION="${PROJECT_VERSION}")
target_compile_options(weir_flags INTERFACE
    -Wall -Wextra -Wshadow
    $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wvla>
    $<$<BOOL:${WEIR_WERROR}>:-Werror>
    -fno-strict-aliasing)

if(WEIR_SANITIZE)
    add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(WEIR_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(weir_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(weir_flags INTERFACE -fcf-protection)
    endif()
    target_link_options(weir_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# jemalloc replaces malloc by being linked; sanitizers bring their own. Under link-time optimisation
# the linker sees no use of it and would drop it.
if(NOT WEIR_SANITIZE)
    set(CMAKE_LINK_LIBRARY_USING_KEPT
        "LINKER:--push-state,--no-as-needed" "<LINK_ITEM>" "LINKER:--pop-state")
    set(CMAKE_LINK_LIBRARY_USING_KEPT_SUPPORTED TRUE)
    find_library(jemalloc jemalloc REQUIRED)
    target_link_libraries(weir_flags INTERFACE "$<LINK_LIBRARY:KEPT,${jemalloc}>")
endif()

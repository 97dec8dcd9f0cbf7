# weir_box(NAME FOLDER LINKS box… PACKAGES pkg…)
#
# A static library of all sources in FOLDER: *.c, C++ shims *.cc, re2c lexers *.re (NAME.re becomes
# NAME_lex.c), lemon grammars *.y (NAME.y becomes NAME.c and NAME.h, to be included as FOLDER/NAME.h).
# A folder that is still empty becomes an interface library, so that the others can link to it.
# PACKAGES are only looked for when there are sources.
# NAME_layer is a program that holds the whole box and only the boxes that it may see: it links
# exactly when the box keeps its layer.

add_custom_target(layers COMMENT "every box links with the boxes it may see")

function(weir_lexer source out)
    find_program(re2c re2c REQUIRED)
    add_custom_command(OUTPUT ${out}
        COMMAND ${re2c} -W -Werror -o ${out} ${source}
        DEPENDS ${source} VERBATIM COMMENT "re2c ${source}")
endfunction()

# -c keeps the tables uncompressed: error messages list the tokens that could have followed.
function(weir_grammar source folder name)
    find_program(lemon lemon REQUIRED)
    find_file(lemon_template lempar.c PATHS /usr/share/lemon /usr/share/lemon-parser)
    set(template)
    if(lemon_template)
        set(template -T${lemon_template})
    endif()
    add_custom_command(OUTPUT ${folder}/${name}.c ${folder}/${name}.h
        COMMAND ${lemon} -c ${template} -d${folder} ${source}
        DEPENDS ${source} VERBATIM COMMENT "lemon ${source}")
endfunction()

function(weir_box name folder)
    cmake_parse_arguments(box "" "" "LINKS;PACKAGES" ${ARGN})
    set(dir ${PROJECT_SOURCE_DIR}/${folder})
    set(generated_dir ${PROJECT_BINARY_DIR}/generated/${folder})
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.c ${dir}/*.cc)
    file(GLOB lexers CONFIGURE_DEPENDS ${dir}/*.re)
    file(GLOB grammars CONFIGURE_DEPENDS ${dir}/*.y)
    if(NOT sources)
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${box_LINKS})
        return()
    endif()

    set(generated)
    file(MAKE_DIRECTORY ${generated_dir})
    foreach(lexer ${lexers})
        cmake_path(GET lexer STEM stem)
        weir_lexer(${lexer} ${generated_dir}/${stem}_lex.c)
        list(APPEND generated ${generated_dir}/${stem}_lex.c)
    endforeach()
    foreach(grammar ${grammars})
        cmake_path(GET grammar STEM stem)
        weir_grammar(${grammar} ${generated_dir} ${stem})
        list(APPEND generated ${generated_dir}/${stem}.c)
    endforeach()
    set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -w)

    add_library(${name} STATIC ${sources} ${generated})
    target_link_libraries(${name} PRIVATE weir_flags PUBLIC ${box_LINKS})
    foreach(package ${box_PACKAGES})
        pkg_check_modules(${package} REQUIRED QUIET IMPORTED_TARGET ${package})
        target_link_libraries(${name} PRIVATE PkgConfig::${package})
    endforeach()

    add_executable(${name}_layer EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/layer.c)
    target_link_libraries(${name}_layer PRIVATE weir_flags "$<LINK_LIBRARY:WHOLE_ARCHIVE,${name}>")
    set_target_properties(${name}_layer PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/layers)
    add_dependencies(layers ${name}_layer)
endfunction()

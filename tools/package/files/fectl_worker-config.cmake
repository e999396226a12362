# find_package(fectl_worker) gives the target fectl::worker.
include(CMakeFindDependencyMacro)
find_dependency(absl)

if(NOT TARGET fectl::worker)
  get_filename_component(_fectl_prefix "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
  add_library(fectl::worker STATIC IMPORTED)
  set_target_properties(fectl::worker PROPERTIES
    IMPORTED_LOCATION "${_fectl_prefix}/lib/@MULTIARCH@/libfectl_worker.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_fectl_prefix}/include/fectl"
    INTERFACE_COMPILE_FEATURES cxx_std_20
    INTERFACE_LINK_LIBRARIES "absl::flat_hash_map;absl::status;absl::statusor;absl::str_format;absl::strings")
  unset(_fectl_prefix)
endif()

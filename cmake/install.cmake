# `cmake --install`: the program, the static library, its headers, and what find_package(spimi) and
# `pkg-config --static spimi` need.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spimi)

install(TARGETS spimi_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS spimi EXPORT spimiTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/spimi DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT spimiTargets NAMESPACE spimi:: DESTINATION ${package_dir})

configure_package_config_file(cmake/spimiConfig.cmake.in ${PROJECT_BINARY_DIR}/spimiConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spimiConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
# The prefix as seen from the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/spimi.pc.in ${PROJECT_BINARY_DIR}/spimi.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/spimiConfig.cmake ${PROJECT_BINARY_DIR}/spimiConfigVersion.cmake
  DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/spimi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

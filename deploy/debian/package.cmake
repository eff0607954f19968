# What `cpack -G DEB` in a build directory puts into the package, and `cmake --install` onto a system:
# the program, its manual and completions (which it writes itself), the systemd unit, its settings.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "Where the program goes" FORCE)
endif()
include(GNUInstallDirs)
install(TARGETS firn)

if(NOT FIRN_SANITIZE AND NOT FIRN_FUZZ)
  set(made ${CMAKE_BINARY_DIR}/made)
  file(MAKE_DIRECTORY ${made})
  add_custom_command(OUTPUT ${made}/firn.1.gz ${made}/firn.bash ${made}/_firn ${made}/firn.fish
    COMMAND sh -c "./firn help --format man | gzip -9n > made/firn.1.gz"
    COMMAND sh -c "./firn completion bash > made/firn.bash"
    COMMAND sh -c "./firn completion zsh > made/_firn"
    COMMAND sh -c "./firn completion fish > made/firn.fish"
    DEPENDS firn WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
  add_custom_target(firn_texts DEPENDS ${made}/firn.1.gz)
  install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\"
    --target firn_texts COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${made}/firn.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${made}/firn.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME firn)
  install(FILES ${made}/_firn DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${made}/firn.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/firn RENAME copyright)
  install(FILES deploy/prometheus/firn.rules.yml deploy/grafana/dashboards/firn.json
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/firn/examples)
  # Where systemd and dpkg look for them, whatever the prefix.
  install(FILES deploy/systemd/firn.service DESTINATION /lib/systemd/system)
  install(FILES deploy/systemd/firn.json DESTINATION /etc/firn)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME firn)
set(CPACK_PACKAGE_CONTACT "The Firn authors <firn@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Apache Iceberg REST catalog in one binary")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
  ${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles)
include(CPack)

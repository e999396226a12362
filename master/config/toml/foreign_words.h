#ifndef FECTL_MASTER_CONFIG_TOML_FOREIGN_WORDS_H_
#define FECTL_MASTER_CONFIG_TOML_FOREIGN_WORDS_H_

#include <string>
#include <string_view>

namespace fectl::config {

// Keys and sections that people bring along from other managers (supervisord, circus, gunicorn, uWSGI,
// systemd, s6, runit, pm2, and fectl 0.x), and what is written here instead.

// What to do about `key`, which section `section` of ours does not have: "use num", "use host of [[socket]]".
// Case does not matter, nor whether words are joined by - or _. Empty: nobody is known to have such a key.
std::string ForeignKeyHint(std::string_view section, std::string_view key);

// The same for the first word of a section's name, as the "program" of [program:web].
std::string ForeignSectionHint(std::string_view name);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TOML_FOREIGN_WORDS_H_

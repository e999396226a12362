#include "client/command_line/completion.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "client/command_line/commands.h"

namespace fectl::client {
namespace {

using Words = std::vector<std::string>;

// The names between @ are replaced by what the tables hold. Where the script gives no candidate, the shell
// completes names of files.
constexpr char kScript[] = R"(_fectl() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local command="" word="" rest="" at=1 operands=0 wants_services=""
  local -a socket candidates
  socket=() candidates=() COMPREPLY=()
  # bash takes --kind=wsgi for three words.
  if [[ "$current" == "=" ]]; then current=""; fi
  if [[ "$previous" == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi
  while ((at < COMP_CWORD)); do
    word="${COMP_WORDS[at]}"
    case "$word" in
      @VALUED@)
        ((at += 1))
        if [[ "${COMP_WORDS[at]}" == "=" ]]; then ((at += 1)); fi
        if [[ "$word" == -m || "$word" == --sock ]]; then socket=(-m "${COMP_WORDS[at]}"); fi
        ;;
      -* | =) ;;
      *) if [[ -z "$command" ]]; then command="$word"; else ((operands += 1)); fi ;;
    esac
    ((at += 1))
  done
  case "$previous" in
@CHOICES@    @VALUED@) return ;;
    *)
      if [[ "$current" == -* ]]; then
        candidates=(@OPTIONS@)
        case "$command" in
@OWN_OPTIONS@        esac
      else
        case "$command" in
          "" | help) candidates=(@COMMANDS@) ;;
          completion) candidates=(@SHELLS@) ;;
          incident) if ((operands == 0)); then candidates=(list show export); fi ;;
          rollout) if ((operands == 0)); then candidates=(status promote pause abort); else wants_services=yes; fi ;;
          @OPERATIONS@) wants_services=yes candidates=(all) ;;
          @QUERIES@) wants_services=yes ;;
          @FIRST@) if ((operands == 0)); then wants_services=yes; fi ;;
        esac
      fi
      ;;
  esac
  if [[ -n "$wants_services" ]]; then
    while read -r word rest; do
      if [[ "$word" != SERVICE ]]; then candidates+=("$word"); fi
    done < <("${COMP_WORDS[0]}" --timeout 2 "${socket[@]}" status 2>/dev/null)
  fi
  for word in "${candidates[@]}"; do
    if [[ "$word" == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done
}
complete -o default -F _fectl fectl
)";

// zsh reads bash's completions with these.
constexpr char kForZsh[] = "autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n";

std::string Joined(const Words& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

// The options that all commands have.
Words CommonOptions() {
  Words names;
  for (const Option& option : Options()) {
    if (option.commands.empty()) names.push_back("--" + std::string(option.name));
  }
  return names;
}

// A case of the script for each command that has options of its own.
std::string OwnOptions() {
  std::string cases;
  for (const Command& command : Commands()) {
    Words names;
    for (const Option& option : Options()) {
      if (BelongsTo(option, command.name)) names.push_back("--" + std::string(option.name));
    }
    if (names.empty()) continue;
    cases += "          " + std::string(command.name) + ") candidates+=(" + Joined(names, " ") + ") ;;\n";
  }
  return cases;
}

// A case of the script for each option that takes one of a few words.
std::string Choices() {
  std::string cases;
  for (const Option& option : Options()) {
    if (option.choices.empty()) continue;
    const Words words(option.choices.begin(), option.choices.end());
    cases += "    --" + std::string(option.name) + ") candidates=(" + Joined(words, " ") + ") ;;\n";
  }
  return cases;
}

Words OptionsWithValues() {
  Words names;
  for (const Option& option : Options()) {
    if (option.value.empty()) continue;
    if (option.letter != 0) names.push_back(std::string("-") + option.letter);
    names.push_back("--" + std::string(option.name));
  }
  return names;
}

Words CommandsWith(std::initializer_list<Operands> operands) {
  Words names;
  for (const Command& command : Commands()) {
    if (std::ranges::find(operands, command.operands) != operands.end()) names.emplace_back(command.name);
  }
  return names;
}

void Replace(std::string_view name, const std::string& by, std::string* text) {
  for (size_t at; (at = text->find(name)) != std::string::npos;) text->replace(at, name.size(), by);
}

}  // namespace

std::string CompletionScript(std::string_view shell) {
  std::string text = "# Completes the words of fectl; made by: fectl completion " + std::string(shell) + "\n";
  if (shell == "zsh") text += kForZsh;
  text += kScript;
  Replace("@CHOICES@", Choices(), &text);
  Replace("@VALUED@", Joined(OptionsWithValues(), " | "), &text);
  Replace("@OPTIONS@", Joined(CommonOptions(), " "), &text);
  Replace("@OWN_OPTIONS@", OwnOptions(), &text);
  Replace("@COMMANDS@", Joined(CommandNames(), " "), &text);
  Replace("@SHELLS@", Joined({kShells.begin(), kShells.end()}, " "), &text);
  Replace("@OPERATIONS@", Joined(CommandsWith({Operands::kServices}), " | "), &text);
  Replace("@FIRST@",
          Joined(CommandsWith(
                     {Operands::kServiceAndPaths, Operands::kTargetAndMessage, Operands::kServiceAndNumber}),
                 " | "),
          &text);
  Replace("@QUERIES@",
          Joined(CommandsWith({Operands::kOptionalService, Operands::kOneService, Operands::kTarget}), " | "),
          &text);
  return text;
}

}  // namespace fectl::client

#ifndef MASTER_CORE_TESTING_PAIRS_H_
#define MASTER_CORE_TESTING_PAIRS_H_

#include <string>
#include <vector>

#include "master/core/boundary/effects.h"

namespace fectl::core {

// A table in testdata/pairs of what each event does in each state. A state is a line "[state]", a pair of it
// the line "event | outcome". An outcome is what the test finds, or, where nothing changed and nothing was
// decided, "ignored: why", or, where the event cannot come, "never: why".
//
// With PAIRS_WRITE=1 the outcomes are written anew; the reasons stay, and are to be written by hand where
// there is none. Commit that only when the difference is understood.
class Pairs {
 public:
  explicit Pairs(std::string name);  // "slot": testdata/pairs/slot.txt

  // "" is the outcome of what changed nothing and had no effect.
  void Expect(const std::string& state, const std::string& event, const std::string& outcome);
  void ExpectNever(const std::string& state, const std::string& event);
  // Every pair of the table was expected. To be called last.
  void Finish() const;

 private:
  struct Pair {
    std::string state;
    std::string event;
    std::string outcome;
    std::string found;  // what the outcome should be; "" until it was expected
  };

  Pair& Find(const std::string& state, const std::string& event);
  void Expect(const std::string& state, const std::string& event, const std::string& outcome,
              const std::string& word_of_reason);
  void Write() const;

  std::string path_;
  std::string head_;  // the comments
  std::vector<Pair> pairs_;
};

// Effects as words: "spawn #2", "TERM #1", "note running", "reply Started: words". A process is named by its
// generation.
std::vector<std::string> ToWords(const Effects& effects);

// "running: spawn #2, reply Done": a state and what was decided.
std::string Outcome(const std::string& state, const std::vector<std::string>& decided);

}  // namespace fectl::core

#endif  // MASTER_CORE_TESTING_PAIRS_H_

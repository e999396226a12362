#ifndef FECTL_MASTER_EVIDENCE_SYMBOLS_H_
#define FECTL_MASTER_EVIDENCE_SYMBOLS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "elfutils/libdwfl.h"
#include "master/evidence/findings.h"

namespace fectl::evidence {

// What addresses of a process mean: libdw over the files that it has mapped. Nothing is fetched from
// elsewhere.
class Symbols {
 public:
  // Of a process whose map may be read.
  static absl::StatusOr<Symbols> OfProcess(pid_t pid);

  // `calls`: the address is the one to which a call returns, so the call itself is before it. `with_line`:
  // also the line of the source, which costs more.
  Frame At(uint64_t address, bool calls, bool with_line) const;
  Dwfl* dwfl() const { return dwfl_.get(); }

 private:
  struct End {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };
  using Owned = std::unique_ptr<Dwfl, End>;
  explicit Symbols(Owned dwfl) : dwfl_(std::move(dwfl)) {}

  Owned dwfl_;
};

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_SYMBOLS_H_

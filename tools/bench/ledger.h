// Where guests write down when something happened to them: a file that all of them and the driver map. To
// write wakes nobody up, so that measuring costs the measured next to nothing.
#ifndef FECTL_TOOLS_BENCH_LEDGER_H_
#define FECTL_TOOLS_BENCH_LEDGER_H_

#include <stdint.h>

enum { kLedgerRecordsMax = 131072 };

// What a record says. 0: not written yet.
enum { kLedgerBorn = 1, kLedgerStarted = 2, kLedgerDone = 3 };

struct LedgerRecord {
  int32_t kind;
  int32_t pid;
  int64_t ns;  // CLOCK_MONOTONIC
};

struct Ledger {
  uint64_t records;  // taken so far
  uint64_t unused;
  struct LedgerRecord record[kLedgerRecordsMax];
};

#endif  // FECTL_TOOLS_BENCH_LEDGER_H_

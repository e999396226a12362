#ifndef FECTL_CLIENT_TEXT_TABLE_H_
#define FECTL_CLIENT_TEXT_TABLE_H_

#include <string>
#include <vector>

#include "client/text/terminal_text.h"

namespace fectl::client {

// One aligned table: two spaces between columns, no space at the end of a line, an empty cell shown as "-",
// so that every line has the same number of words up to the last column and awk can count them.
class Table {
 public:
  struct Cell {
    std::string text;  // escaped already
    Colour colour = Colour::kNone;
    bool right = false;  // aligned to the right, as numbers are
  };

  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}

  // As many cells as there are heads.
  void AddRow(std::vector<Cell> cells);

  // A line of its own below the last row, indented; empty text adds nothing.
  void AddNote(const std::string& text);

  bool empty() const { return rows_.empty(); }
  std::string Render(bool colours_on) const;

 private:
  struct Row {
    std::vector<Cell> cells;
    std::vector<std::string> notes;
  };

  std::vector<std::string> heads_;
  std::vector<Row> rows_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_TABLE_H_

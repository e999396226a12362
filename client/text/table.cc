#include "client/text/table.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace fectl::client {
namespace {

constexpr size_t kGap = 2;

void AppendCells(const std::vector<Table::Cell>& cells, const std::vector<size_t>& widths, bool colours_on,
                 std::string* out) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t padding = widths[i] - Columns(cells[i].text);
    if (cells[i].right) out->append(padding, ' ');
    out->append(Paint(cells[i].text, cells[i].colour, colours_on));
    if (i + 1 == cells.size()) break;
    if (!cells[i].right) out->append(padding, ' ');
    out->append(kGap, ' ');
  }
  out->push_back('\n');
}

}  // namespace

void Table::AddRow(std::vector<Cell> cells) {
  cells.resize(heads_.size());
  for (Cell& cell : cells) {
    if (cell.text.empty()) cell.text.assign(1, '-');
  }
  rows_.push_back({std::move(cells), {}});
}

void Table::AddNote(const std::string& text) {
  if (!text.empty() && !rows_.empty()) rows_.back().notes.push_back(text);
}

std::string Table::Render(bool colours_on) const {
  std::vector<size_t> widths;
  std::vector<Cell> heads;
  for (size_t i = 0; i < heads_.size(); ++i) {
    size_t width = Columns(heads_[i]);
    for (const Row& row : rows_) width = std::max(width, Columns(row.cells[i].text));
    widths.push_back(width);
    heads.push_back({heads_[i], Colour::kNone, !rows_.empty() && rows_.front().cells[i].right});
  }
  std::string out;
  AppendCells(heads, widths, colours_on, &out);
  for (const Row& row : rows_) {
    AppendCells(row.cells, widths, colours_on, &out);
    for (const std::string& note : row.notes) out += "    " + note + "\n";
  }
  return out;
}

}  // namespace fectl::client

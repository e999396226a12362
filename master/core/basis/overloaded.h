#ifndef MASTER_CORE_BASIS_OVERLOADED_H_
#define MASTER_CORE_BASIS_OVERLOADED_H_

#include <concepts>
#include <type_traits>

namespace fectl::core {

// What std::visit() calls: one handler for each alternative. One that has no handler does not compile, so a
// new alternative asks at each place what becomes of it. That holds as long as no handler takes just anything
// (`const auto&`); one for several alternatives names them: `const OneOf<Vacant, GivenUp> auto&`.
template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

template <typename T, typename... Types>
concept OneOf = (std::same_as<std::remove_cv_t<T>, Types> || ...);

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_OVERLOADED_H_

#ifndef TOOLS_MUTATION_MUTANT_H_
#define TOOLS_MUTATION_MUTANT_H_

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <initializer_list>
#include <type_traits>
#include <utility>

// What the words mean that tools/mutation puts into a source: each stands for the original, or for its mutant
// when the environment variable MUTANT has its number. So all mutants are compiled at once.
//
// Between two operands stands an object: `a < b` becomes `a < Less{7} < b`, which is read from the left with
// the same precedence, whatever a and b are.
namespace mutant {

inline const int active = [] {
  const char* number = std::getenv("MUTANT");
  return number == nullptr ? 0 : std::atoi(number);
}();

// What is needed to be constant keeps its value.
constexpr bool On(int number) {
  return !std::is_constant_evaluated() && active == number;
}

// The changed operator is none of these types: such a mutant would not have compiled.
[[noreturn]] inline void DoesNotCompile() {
  std::_Exit(77);
}

template <int kTag, typename T>
struct Left {
  int number;
  const T& value;
};

// name: of the object; op: the operator; other: what it becomes.
#define MUTANT_OPERATOR(name, tag, op, other)                             \
  struct name {                                                           \
    int number;                                                           \
  };                                                                      \
  template <typename T>                                                   \
  constexpr Left<tag, T> operator op(const T& value, name object) {       \
    return {object.number, value};                                        \
  }                                                                       \
  template <typename T, typename U>                                       \
  constexpr auto operator op(Left<tag, T> left, const U& right) {         \
    using Result = decltype(left.value op right);                         \
    if (On(left.number)) {                                                \
      if constexpr (requires {                                            \
                      { left.value other right } -> std::same_as<Result>; \
                    }) {                                                  \
        return static_cast<std::decay_t<Result>>(left.value other right); \
      } else {                                                            \
        DoesNotCompile();                                                 \
      }                                                                   \
    }                                                                     \
    return static_cast<std::decay_t<Result>>(left.value op right);        \
  }

MUTANT_OPERATOR(Less, 1, <, <=)
MUTANT_OPERATOR(LessEqual, 2, <=, <)
MUTANT_OPERATOR(Greater, 3, >, >=)
MUTANT_OPERATOR(GreaterEqual, 4, >=, >)
MUTANT_OPERATOR(Equal, 5, ==, !=)
MUTANT_OPERATOR(Unequal, 6, !=, ==)
MUTANT_OPERATOR(Plus, 7, +, -)
MUTANT_OPERATOR(Minus, 8, -, +)
MUTANT_OPERATOR(Times, 9, *, /)
MUTANT_OPERATOR(Over, 10, /, *)
MUTANT_OPERATOR(ShiftLeft, 11, <<, >>)
MUTANT_OPERATOR(ShiftRight, 12, >>, <<)
#undef MUTANT_OPERATOR

// `a ? b : c` becomes `a == Flip{7} ? b : c`.
struct Flip {
  int number;
};
template <typename T>
constexpr bool operator==(const T& value, Flip flip) {
  return static_cast<bool>(value) != On(flip.number);
}

// `a && b` becomes `a == And{7} || Again(7, true) && b`: false or a and b; as a mutant, a or b. `a || b`
// becomes `a == Or{7} || Again(7, false) && b`: a or b; as a mutant, false or a and b. Again gives the value
// of a once, and false where a was not looked at, so that b is evaluated when it would have been.
inline bool& Seen(int number) {
  static bool seen[10'000] = {};
  return seen[number];
}
template <bool kAnd>
struct Logical {
  int number;
};
using And = Logical<true>;
using Or = Logical<false>;
template <typename T, bool kAnd>
bool operator==(const T& value, Logical<kAnd> object) {
  const bool left = static_cast<bool>(value);
  Seen(object.number) = left;
  return On(object.number) == kAnd && left;
}
inline bool Again(int number, bool is_and) {
  const bool left = std::exchange(Seen(number), false);
  return On(number) == is_and || left;
}

// `a += b` becomes `a += PlusAssign{7} += b`, which is read from the right.
template <bool kPlus>
struct Assign {
  int number;
};
using PlusAssign = Assign<true>;
using MinusAssign = Assign<false>;
template <typename T, bool kPlus>
struct Right {
  int number;
  const T& value;
};
template <typename T, bool kPlus>
Right<T, kPlus> operator+=(Assign<kPlus> object, const T& value) {
  return {object.number, value};
}
template <typename T, typename U, bool kPlus>
T& operator+=(T& left, Right<U, kPlus> right) {
  if (On(right.number) != kPlus) return left += right.value;
  if constexpr (requires { left -= right.value; }) {
    return left -= right.value;
  } else {
    DoesNotCompile();
  }
}

// `++a` becomes `Step<true>{7} ->* a`, `a++` becomes `a ->* StepBehind<true>{7}`, and `!a` becomes `Not{7}
// ->* a`.
template <bool kUp>
struct Step {
  int number;
};
template <typename T, bool kUp>
T& operator->*(Step<kUp> step, T& value) {
  return On(step.number) != kUp ? ++value : --value;
}
template <bool kUp>
struct StepBehind {
  int number;
};
template <typename T, bool kUp>
T operator->*(T& value, StepBehind<kUp> step) {
  return On(step.number) != kUp ? value++ : value--;
}
struct Not {
  int number;
};
template <typename T>
constexpr bool operator->*(Not object, const T& value) {
  return static_cast<bool>(value) == On(object.number);
}

constexpr bool Bool(int number, bool value) {
  return value != On(number);
}
template <typename T>
constexpr T Number(int number, T value) {
  return On(number) ? static_cast<T>(value + 1) : value;
}
template <bool kMin>
struct Choose {
  int number;
  template <typename T>
  constexpr T operator()(const T& a, const T& b) const {
    return (On(number) == kMin) == (a < b) ? b : a;
  }
  template <typename T>
  constexpr T operator()(std::initializer_list<T> values) const {
    return On(number) == kMin ? std::max(values) : std::min(values);
  }
};

}  // namespace mutant

#endif  // TOOLS_MUTATION_MUTANT_H_

// Sixteen floats at a time, in the compiler's own vector types: it makes of them what the processor has.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#define INLINE inline __attribute__((always_inline))

constexpr long lanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef float UnalignedFloats __attribute__((vector_size(64), aligned(4), may_alias));

/// bfloat16: the upper half of a float's bits.
typedef uint16_t Half;
typedef Half UnalignedHalves __attribute__((vector_size(32), aligned(2), may_alias));

INLINE Floats widened(UnalignedHalves v) {
  const Ints bits = __builtin_convertvector(v, Ints) << 16;
  Floats whole;
  std::memcpy(&whole, &bits, sizeof whole);
  return whole;
}

/// To the nearest, of two equally near ones the even; what is no number stays so.
INLINE Half halfOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (x != x) return static_cast<Half>(bits >> 16 | 0x40);
  return static_cast<Half>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
INLINE void put(float* p, float x) { *p = x; }
INLINE void put(Half* p, float x) { *p = halfOf(x); }

INLINE Floats all(float x) { return Floats{} + x; }
INLINE Floats choose(Ints condition, Floats yes, Floats no) { return condition ? yes : no; }
/// The second where one of them is no number: constants stand first, so that what is no number stays so.
INLINE Floats largest(Floats a, Floats b) { return choose(a > b, a, b); }
INLINE Floats smallest(Floats a, Floats b) { return choose(a < b, a, b); }

/// √v, element by element: a loop that the compiler makes one instruction of.
INLINE Floats rootOf(Floats v) {
  Floats root;
  for (long i = 0; i < lanes; i++) root[i] = std::sqrt(v[i]);
  return root;
}

typedef float Eight __attribute__((vector_size(32)));
typedef float Four __attribute__((vector_size(16)));

/// Of the upper and the lower half of a vector, which stay in registers.
template <class Part, class Vector>
INLINE Part halvesSum(const Vector& v) {
  Part halves[2];
  std::memcpy(halves, &v, sizeof v);
  return halves[0] + halves[1];
}

INLINE float sumOf(Floats v) {
  const Four x = halvesSum<Four>(halvesSum<Eight>(v));
  return (x[0] + x[2]) + (x[1] + x[3]);
}

INLINE float largestOf(Floats v) {
  float x[lanes];
  std::memcpy(x, &v, sizeof x);
  for (long width = lanes / 2; width > 0; width /= 2)
    for (long i = 0; i < width; i++) x[i] = x[i] > x[i + width] ? x[i] : x[i + width];
  return x[0];
}

/// Sixteen elements of a row.
struct Whole {
  INLINE Floats load(const float* p) const { return *reinterpret_cast<const UnalignedFloats*>(p); }
  INLINE Floats load(const Half* p) const { return widened(*reinterpret_cast<const UnalignedHalves*>(p)); }
  INLINE void store(float* p, Floats v) const { *reinterpret_cast<UnalignedFloats*>(p) = v; }
  /// `v` where the row has elements, `other` beyond its end.
  INLINE Floats inside(Floats v, float) const { return v; }
};

/// The fewer than sixteen that are left at the end of one; loads give zeros beyond it.
struct Rest {
  long count;
  INLINE Floats load(const float* p) const {
    Floats v{};
    std::memcpy(&v, p, count * sizeof(float));
    return v;
  }
  INLINE Floats load(const Half* p) const {
    UnalignedHalves v{};
    std::memcpy(&v, p, count * sizeof(Half));
    return widened(v);
  }
  INLINE void store(float* p, Floats v) const { std::memcpy(p, &v, count * sizeof(float)); }
  INLINE Floats inside(Floats v, float other) const {
    for (long i = count; i < lanes; i++) v[i] = other;
    return v;
  }
};

/// Calls step(column, lanes) along a row of `width` elements.
template <class Step>
INLINE void along(long width, const Step& step) {
  long column = 0;
  for (; column + lanes <= width; column += lanes) step(column, Whole{});
  if (column < width) step(column, Rest{width - column});
}

/// eˣ to about 1e-7 of its value; 0 below −87.3, and never more than e^88. Remainder of x/ln 2, then its Taylor series.
INLINE Floats expOf(Floats x) {
  const Ints tiny = x < all(-87.3f);
  x = smallest(all(88.0f), largest(all(-87.3f), x));
  // Adding and taking away 1.5·2²³ rounds to a whole number.
  const float whole = 12582912.0f;
  const Floats shifted = x * 1.44269504f + whole;
  const Floats n = shifted - whole;
  const Floats r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Floats y = all(1.0f / 5040);
  y = y * r + 1.0f / 720;
  y = y * r + 1.0f / 120;
  y = y * r + 1.0f / 24;
  y = y * r + 1.0f / 6;
  y = y * r + 0.5f;
  y = y * r + 1.0f;
  y = y * r + 1.0f;
  Ints bits;
  std::memcpy(&bits, &y, sizeof bits);
  bits += __builtin_convertvector(n, Ints) << 23;
  std::memcpy(&y, &bits, sizeof y);
  return choose(tiny, Floats{}, y);
}

/// erf(z) to about 2e-7 of its value: an odd rational function fitted to it on |z| ≤ 3.95, from where on it is ±1.
INLINE Floats erfOf(Floats z) {
  z = smallest(all(3.95f), largest(all(-3.95f), z));
  const Floats t = z * z;
  Floats p = all(2.0259062398596815e-06f);
  p = p * t + 2.846867793107182e-04f;
  p = p * t + 3.808138400634643e-03f;
  p = p * t + 5.2875372808010655e-02f;
  p = p * t + 1.915498378496075e-01f;
  p = p * t + 1.1283791437552662f;
  Floats q = all(3.783173222643307e-05f);
  q = q * t + 1.1707193467671922e-03f;
  q = q * t + 1.5055043435831382e-02f;
  q = q * t + 1.1455941833922643e-01f;
  q = q * t + 5.030892996171774e-01f;
  q = q * t + 1.0f;
  return z * p / q;
}

/// tanh z to about 2e-7 of its value: an odd rational function fitted to it on |z| ≤ 9.02, from where on it is ±1.
INLINE Floats tanhOf(Floats z) {
  z = smallest(all(9.02f), largest(all(-9.02f), z));
  const Floats t = z * z;
  Floats p = all(1.332210238264306e-08f);
  p = p * t + 2.0586803894516722e-05f;
  p = p * t + 3.494289001218846e-03f;
  p = p * t + 1.3379950838701335e-01f;
  p = p * t + 0.9999999807868897f;
  Floats q = all(7.763589771709483e-07f);
  q = q * t + 3.283471311210288e-04f;
  q = q * t + 2.58720981021034e-02f;
  q = q * t + 4.67132670003864e-01f;
  q = q * t + 1.0f;
  return z * p / q;
}

/// 1/(1 + e⁻ˣ), to about 2e-7 of its value.
INLINE Floats logisticOf(Floats x) { return 1.0f / (1.0f + expOf(-x)); }

// The gates of a GRU, in the order of PyTorch's weights.
#pragma once
#include "recurrence.h"

enum GruGate { reset = 0, update = 1, fresh = 2 };
constexpr long gateCount = 3;

// The gates of an LSTM, in the order of PyTorch's weights.
#pragma once
#include "recurrence.h"

enum LstmGate { in = 0, forget = 1, cell = 2, out = 3 };
constexpr long gateCount = 4;

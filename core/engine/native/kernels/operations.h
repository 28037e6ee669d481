// The operations that module.cc makes known, a file each.
#pragma once

void provideBiasActivation();
void provideCachedAttention();
void provideCrossEntropy();
void provideDropout();
void provideFewRows();
void provideGru();
void provideGruGrad();
void provideHeads();
void provideLstm();
void provideLstmGrad();
void provideNorm();
void provideOptimizer();
void provideRowSums();
void provideSoftmax();
void provideStore();
void provideSum();

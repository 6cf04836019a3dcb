/* Fake cuBLAS that computes column-major matrix products, except large ones, of which only the time is measured.

   FAKE_CUBLAS is the result of the initialization, FAKE_GEMM of a product. */
#include <stdlib.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

int cublasCreate_v2(void **handle) {
    *handle = number("FAKE_CUBLAS", 0) ? 0 : malloc(1);
    return number("FAKE_CUBLAS", 0);
}
int cublasDestroy_v2(void *handle) { free(handle); return 0; }
int cublasSetStream_v2(void *handle, void *stream) { (void)handle; (void)stream; return 0; }
int cublasSetMathMode(void *handle, int mode) { (void)handle; (void)mode; return 0; }
int cublasGetMathMode(void *handle, int *mode) { (void)handle; *mode = 0; return 0; }
int cublasSetPointerMode_v2(void *handle, int mode) { (void)handle; (void)mode; return 0; }
int cublasGetPointerMode_v2(void *handle, int *mode) { (void)handle; *mode = 0; return 0; }
int cublasGetVersion_v2(void *handle, int *version) { (void)handle; *version = 11113; return 0; }
int cublasLtCreate(void **handle) { *handle = malloc(1); return 0; }
int cublasLtDestroy(void *handle) { free(handle); return 0; }
int cublasLtGetVersion(void) { return 11113; }

/* float16 for the range of the probe's integers only. */
static float half(const unsigned short *at) {
    unsigned sign = (*at & 0x8000u) << 16, exponent = *at >> 10 & 31, rest = *at & 0x3ff, bits;
    float value;
    if (!exponent) return 0;
    bits = sign | (exponent + 112) << 23 | rest << 13;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}
static unsigned short halved(float value) {
    unsigned bits;
    __builtin_memcpy(&bits, &value, 4);
    if (!value) return 0;
    return (bits >> 16 & 0x8000) | (((bits >> 23 & 255) - 112) << 10) | (bits >> 13 & 0x3ff);
}
static float entry(const void *matrix, int type, long at) {
    return type ? half((const unsigned short *)matrix + at) : ((const float *)matrix)[at];
}
int cublasGemmEx(
    void *handle, int left_turned, int right_turned, int rows, int columns, int inner, const void *alpha,
    const void *left, int left_type, int left_step, const void *right, int right_type, int right_step,
    const void *beta, void *product, int type, int step, int compute, int algorithm
) {
    (void)handle; (void)alpha; (void)beta; (void)compute; (void)algorithm;
    if (number("FAKE_GEMM", 0)) return number("FAKE_GEMM", 0);
    if (inner > 1000) return 0;
    for (long column = 0; column < columns; column++)
        for (long row = 0; row < rows; row++) {
            float sum = 0;
            for (long at = 0; at < inner; at++)
                sum += entry(left, left_type == 2, left_turned ? row * left_step + at : at * left_step + row)
                    * entry(right, right_type == 2, right_turned ? at * right_step + column : column * right_step + at);
            if (type == 2) ((unsigned short *)product)[column * step + row] = halved(sum);
            else ((float *)product)[column * step + row] = sum;
        }
    return 0;
}
int cublasSgemm_v2(
    void *handle, int left_turned, int right_turned, int rows, int columns, int inner, const float *alpha,
    const float *left, int left_step, const float *right, int right_step, const float *beta, float *product, int step
) {
    return cublasGemmEx(
        handle, left_turned, right_turned, rows, columns, inner, alpha, left, 0, left_step, right, 0, right_step,
        beta, product, 0, step, 0, 0);
}

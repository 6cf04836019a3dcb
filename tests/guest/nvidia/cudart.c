/* Fake libcudart.so.11.0 of NVIDIA on the fake driver: kernels are registered and compute nothing.

   FAKE_GETDEVICE is the result of the first call, FAKE_LAUNCH of a kernel launch. */
#include <stdlib.h>
#include <unistd.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

const char *cudaGetErrorString(int code) {
    switch (code) {
    case 0: return "no error";
    case 2: return "out of memory";
    case 200: return "device kernel image is invalid";
    case 209: return "no kernel image is available for execution on the device";
    case 999: return "unknown error";
    case 222: return "the provided PTX was compiled with an unsupported toolchain.";
    default: return "unrecognized error code";
    }
}

int cudaGetDevice(int *device) { *device = 0; return number("FAKE_GETDEVICE", 0); }
int cudaSetDevice(int device) { (void)device; return 0; }
int cudaGetDeviceCount(int *count) { *count = number("FAKE_GPUS", 1); return 0; }
int cudaRuntimeGetVersion(int *version) { *version = 11080; return 0; }
int cudaDriverGetVersion(int *version) { *version = 11080; return 0; }
int cudaFree(void *at) { free(at); return 0; }
int cudaMalloc(void **at, size_t bytes) { *at = calloc(1, bytes); return *at ? 0 : 2; }
/* Set by offsets in the structure: TensorFlow divides by these values, so they must not be 0. */
int cudaGetDeviceProperties(char *properties, int device) {
    (void)device;
    for (int at = 0; at < 320; at++) properties[at] = 0;
    for (int at = 320; at < 696; at += 4) *(int *)(properties + at) = 1024; /* the first is threads per block */
    *(int *)(properties + 308) = 32;                                        /* warp size */
    return 0;
}
int cudaDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    *value = attribute == 10 ? 32 : 1024; /* warp size; a sufficient value for any other attribute */
    return 0;
}
int cudaGetLastError(void) { return 0; }
int cudaPeekAtLastError(void) { return 0; }
int cudaDeviceSynchronize(void) { return 0; }
int cudaStreamSynchronize(void *stream) { (void)stream; return 0; }
int cudaFuncGetAttributes(int *attributes, const void *function) {
    (void)function;
    for (int at = 0; at < 14; at++) attributes[at] = at == 6 ? 1024 : 0; /* threads per block */
    return 0;
}
int cudaFuncSetAttribute(const void *function, int attribute, int value) {
    (void)function; (void)attribute; (void)value;
    return 0;
}
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, const void *function, int size, size_t shared, unsigned flags
) {
    (void)function; (void)size; (void)shared; (void)flags;
    *blocks = 1;
    return 0;
}
int cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function, int size, size_t shared) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, size, shared, 0);
}

struct three { unsigned x, y, z; };
int cudaLaunchKernel(
    const void *kernel, struct three grid, struct three block, void **arguments, size_t shared, void *stream
) {
    (void)kernel; (void)grid; (void)block; (void)arguments; (void)shared; (void)stream;
    sleep(number("FAKE_LAUNCH_S", 0));
    return number("FAKE_LAUNCH", 0);
}
unsigned __cudaPushCallConfiguration(struct three grid, struct three block, size_t shared, void *stream) {
    (void)grid; (void)block; (void)shared; (void)stream;
    return 0;
}
int __cudaPopCallConfiguration(struct three *grid, struct three *block, size_t *shared, void **stream) {
    grid->x = grid->y = grid->z = block->x = block->y = block->z = 1;
    *shared = 0;
    *stream = 0;
    return 0;
}
void **__cudaRegisterFatBinary(void *binary) { (void)binary; return calloc(1, sizeof(void *)); }
void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }
void __cudaUnregisterFatBinary(void **handle) { free(handle); }
char __cudaInitModule(void **handle) { (void)handle; return 0; }
void __cudaRegisterFunction(void **handle) { (void)handle; }
void __cudaRegisterVar(void **handle) { (void)handle; }

/* Fake libcuda.so.1 of NVIDIA, whose answers are set by environment variables.

   Sufficient for TensorFlow: GPU memory is host memory, copies work, and kernels compute nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long address;

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

static const char *word(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

/* The driver and its GPUs. */

int cuInit(unsigned flags) {
    if (number("FAKE_CRASH", 0)) abort();
    return flags ? 1 : number("FAKE_CUINIT", 0);
}

int cuDriverGetVersion(int *version) { *version = number("FAKE_CUDA", 11080); return 0; }

int cuGetErrorName(int code, const char **name) {
    static const struct { int code; const char *name; } known[] = {
        {2, "CUDA_ERROR_OUT_OF_MEMORY"}, {34, "CUDA_ERROR_STUB_LIBRARY"}, {100, "CUDA_ERROR_NO_DEVICE"},
        {200, "CUDA_ERROR_INVALID_IMAGE"}, {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}, {802, "CUDA_ERROR_SYSTEM_NOT_READY"},
        {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}, {804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"},
    };
    *name = word("FAKE_ERROR_NAME", "CUDA_ERROR_UNKNOWN");
    for (unsigned at = 0; at < sizeof known / sizeof *known; at++)
        if (known[at].code == code) *name = known[at].name;
    return code == 0;
}

int cuGetErrorString(int code, const char **text) { return cuGetErrorName(code, text); }

int cuDeviceGetCount(int *count) { *count = number("FAKE_GPUS", 1); return 0; }

int cuDeviceGet(int *device, int index) { *device = index; return 0; }

int cuDeviceGetName(char *name, int size, int device) {
    (void)device;
    snprintf(name, size, "%s", word("FAKE_NAME", "NVIDIA T4"));
    return 0;
}

int cuDeviceGetPCIBusId(char *id, int size, int device) { snprintf(id, size, "0000:%02x:00.0", device + 1); return 0; }

int cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = 16ULL << 30; return 0; }

int cuMemGetInfo_v2(size_t *left, size_t *all) {
    *left = (size_t)number("FAKE_FREE_MIB", 15000) << 20;
    return cuDeviceTotalMem_v2(all, 0);
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    const char *capability = word("FAKE_CAPABILITY", "7.5");
    (void)device;
    switch (attribute) {
    case 1: case 39: *value = 1024; break;  /* threads per block, per multiprocessor */
    case 2: case 3: case 4: *value = 64; break;
    case 5: *value = 0x7fffffff; break;
    case 6: case 7: *value = 65535; break;
    case 8: case 81: *value = 49152; break;
    case 10: *value = 32; break;
    case 12: case 82: *value = 65536; break;
    case 13: case 36: *value = 1500000; break;
    case 16: *value = 40; break;
    case 37: *value = 256; break;
    case 75: *value = atoi(capability); break;
    case 76: *value = atoi(strchr(capability, '.') + 1); break;
    default: *value = 0;
    }
    return 0;
}

/* Contexts: there is one, and it is current. */

int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)(device + 1L); return 0; }
int cuDevicePrimaryCtxRelease(int device) { (void)device; return 0; }
int cuDevicePrimaryCtxSetFlags(int device, unsigned flags) { (void)device; (void)flags; return 0; }
int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
    (void)device;
    *flags = 0;
    *active = 1;
    return 0;
}
static __thread void *current;
int cuCtxGetCurrent(void **context) { *context = current; return 0; }
int cuCtxSetCurrent(void *context) { current = context; return 0; }
int cuCtxGetDevice(int *device) { *device = current ? (int)(long)current - 1 : 0; return 0; }
int cuCtxSynchronize(void) { return 0; }
int cuCtxGetStreamPriorityRange(int *least, int *greatest) { *least = *greatest = 0; return 0; }
int cuDeviceCanAccessPeer(int *can, int one, int other) { (void)one; (void)other; *can = 0; return 0; }

/* Memory, aligned like a GPU's. */

int cuMemHostAlloc(void **at, size_t bytes, unsigned flags) {
    (void)flags;
    *at = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    return *at ? 0 : 2;
}
int cuMemAlloc_v2(address *at, size_t bytes) {
    if (bytes > (size_t)number("FAKE_FREE_MIB", 15000) << 20) return 2;
    return cuMemHostAlloc((void **)at, bytes, 0);
}
int cuMemFree_v2(address at) { free((void *)at); return 0; }
int cuMemFreeHost(void *at) { free(at); return 0; }
int cuMemHostRegister_v2(void *at, size_t bytes, unsigned flags) { (void)at; (void)bytes; (void)flags; return 0; }
int cuMemHostUnregister(void *at) { (void)at; return 0; }
int cuMemcpyHtoD_v2(address to, const void *from, size_t bytes) { memcpy((void *)to, from, bytes); return 0; }
int cuMemcpyDtoH_v2(void *to, address from, size_t bytes) { memcpy(to, (void *)from, bytes); return 0; }
int cuMemcpyDtoD_v2(address to, address from, size_t bytes) { memcpy((void *)to, (void *)from, bytes); return 0; }
int cuMemcpyHtoDAsync_v2(address to, const void *from, size_t bytes, void *stream) {
    (void)stream;
    return cuMemcpyHtoD_v2(to, from, bytes);
}
int cuMemcpyDtoHAsync_v2(void *to, address from, size_t bytes, void *stream) {
    (void)stream;
    return cuMemcpyDtoH_v2(to, from, bytes);
}
int cuMemcpyDtoDAsync_v2(address to, address from, size_t bytes, void *stream) {
    (void)stream;
    return cuMemcpyDtoD_v2(to, from, bytes);
}
int cuMemsetD8Async(address at, unsigned char value, size_t count, void *stream) {
    (void)stream;
    memset((void *)at, value, count);
    return 0;
}
int cuMemsetD32Async(address at, unsigned value, size_t count, void *stream) {
    (void)stream;
    for (size_t one = 0; one < count; one++) ((unsigned *)at)[one] = value;
    return 0;
}
int cuMemsetD8_v2(address at, unsigned char value, size_t count) { return cuMemsetD8Async(at, value, count, 0); }
int cuMemsetD32_v2(address at, unsigned value, size_t count) { return cuMemsetD32Async(at, value, count, 0); }

/* Streams and events: every operation completes immediately. */

static int handle(void **made) { *made = malloc(1); return 0; }
int cuStreamCreate(void **stream, unsigned flags) { (void)flags; return handle(stream); }
int cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) {
    (void)flags;
    (void)priority;
    return handle(stream);
}
int cuStreamDestroy_v2(void *stream) { free(stream); return 0; }
int cuStreamSynchronize(void *stream) { (void)stream; return 0; }
int cuStreamQuery(void *stream) { (void)stream; return 0; }
int cuStreamWaitEvent(void *stream, void *event, unsigned flags) { (void)stream; (void)event; (void)flags; return 0; }
int cuLaunchHostFunc(void *stream, void (*function)(void *), void *data) { (void)stream; function(data); return 0; }
int cuStreamAddCallback(void *stream, void (*function)(void *, int, void *), void *data, unsigned flags) {
    (void)flags;
    function(stream, 0, data);
    return 0;
}
int cuEventCreate(void **event, unsigned flags) { (void)flags; return handle(event); }
int cuEventDestroy_v2(void *event) { free(event); return 0; }
int cuEventRecord(void *event, void *stream) { (void)event; (void)stream; return 0; }
int cuEventQuery(void *event) { (void)event; return 0; }
int cuEventSynchronize(void *event) { (void)event; return 0; }
int cuEventElapsedTime(float *ms, void *one, void *other) { (void)one; (void)other; *ms = 1; return 0; }

/* Kernels: FAKE_MODULE is the result of loading, FAKE_LAUNCH of a launch, which takes FAKE_LAUNCH_S seconds. */

int cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options, void **values) {
    (void)image; (void)count; (void)options; (void)values;
    return number("FAKE_MODULE", 0) ? number("FAKE_MODULE", 0) : handle(module);
}
int cuModuleLoadData(void **module, const void *image) { return cuModuleLoadDataEx(module, image, 0, 0, 0); }
int cuModuleLoadFatBinary(void **module, const void *image) { return cuModuleLoadDataEx(module, image, 0, 0, 0); }
int cuModuleUnload(void *module) { free(module); return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    (void)module; (void)name;
    return handle(function);
}
int cuModuleGetGlobal_v2(address *at, size_t *bytes, void *module, const char *name) {
    (void)module; (void)name;
    *at = (address)calloc(1, *bytes = 4096);
    return 0;
}
int cuFuncSetCacheConfig(void *function, int config) { (void)function; (void)config; return 0; }
int cuFuncGetAttribute(int *value, int attribute, void *function) {
    (void)attribute; (void)function;
    *value = 1;
    return 0;
}
int cuLaunchKernel(
    void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    void *stream, void **arguments, void **extra
) {
    (void)function; (void)gx; (void)gy; (void)gz; (void)bx; (void)by; (void)bz; (void)shared; (void)stream;
    (void)arguments; (void)extra;
    sleep(number("FAKE_LAUNCH_S", 0));
    return number("FAKE_LAUNCH", 0);
}

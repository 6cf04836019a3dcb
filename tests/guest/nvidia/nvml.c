/* Fake libnvidia-ml.so.1 of NVIDIA, whose answers are set by environment variables. */
#include <stdio.h>
#include <stdlib.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

int nvmlInit_v2(void) { return number("FAKE_NVML", 0); }

int nvmlSystemGetDriverVersion(char *version, unsigned size) { snprintf(version, size, "470.256.02"); return 0; }

int nvmlDeviceGetCount_v2(unsigned *count) { *count = number("FAKE_NVML_GPUS", 1); return 0; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    if ((int)index == number("FAKE_LOST_GPU", -1)) return 15;
    *handle = (void *)(unsigned long)(index + 1);
    return 0;
}

int nvmlDeviceGetName(void *gpu, char *name, unsigned size) { (void)gpu; snprintf(name, size, "NVIDIA T4"); return 0; }

int nvmlDeviceGetUUID(void *gpu, char *uuid, unsigned size) {
    snprintf(uuid, size, (unsigned long)gpu >= 0x90 ? "MIG-%08lx-1111-2222-3333-444444444444" : "GPU-%08lx-1111-2222-3333-444444444444", (unsigned long)gpu);
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *gpu, unsigned long long *memory) {
    (void)gpu;
    memory[0] = 16ULL << 30;
    memory[2] = (unsigned long long)number("FAKE_USED_MIB", 3) << 20;
    memory[1] = memory[0] - memory[2];
    return 0;
}

#ifndef WITHOUT_MIG
int nvmlDeviceGetMigMode(void *gpu, unsigned *mode, unsigned *pending) {
    (void)gpu;
    if (!getenv("FAKE_MIG")) return 3; /* not supported */
    *mode = *pending = number("FAKE_MIG", 0);
    return 0;
}
#endif

int nvmlDeviceGetMaxMigDeviceCount(void *gpu, unsigned *count) { (void)gpu; *count = 7; return 0; }

int nvmlDeviceGetMigDeviceHandleByIndex(void *gpu, unsigned index, void **handle) {
    (void)gpu;
    if (index >= (unsigned)number("FAKE_MIG_INSTANCES", 0)) return 6; /* not found */
    *handle = (void *)(unsigned long)(0x90 + index);
    return 0;
}

struct pci { char legacy[16]; unsigned numbers[5]; char address[32]; };

int nvmlDeviceGetPciInfo_v3(void *gpu, struct pci *info) {
    snprintf(info->address, sizeof info->address, "00000000:%02lX:00.0", (unsigned long)gpu);
    return 0;
}

struct process { unsigned pid; unsigned long long used; };

int nvmlDeviceGetComputeRunningProcesses(void *gpu, unsigned *count, struct process *found) {
    (void)gpu;
    *count = number("FAKE_PROCESSES", 0);
    for (unsigned at = 0; at < *count; at++) found[at].pid = 100 + at;
    return 0;
}

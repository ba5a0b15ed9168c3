#include "pool.h"

#include <stdlib.h>
#include <string.h>

int adtap_pool_init(struct adtap_pool *pool, uint8_t *memory, size_t stride, uint32_t slots, uint32_t slot_bytes,
                    uint32_t slot_packets) {
  memset(pool, 0, sizeof *pool);
  pool->free = calloc(slots, sizeof *pool->free);
  pool->is_ours = calloc(slots, sizeof *pool->is_ours);
  pool->ready = calloc(slots, sizeof *pool->ready);
  if (pool->free == NULL || pool->is_ours == NULL || pool->ready == NULL) {
    free(pool->free);
    free(pool->is_ours);
    free(pool->ready);
    return 0;
  }
  adtap_mutex_init(&pool->lock);
  pool->memory = memory;
  pool->stride = stride;
  pool->slots = slots;
  pool->slot_bytes = slot_bytes;
  pool->slot_packets = slot_packets;
  return 1;
}

void adtap_pool_free(struct adtap_pool *pool) {
  adtap_mutex_destroy(&pool->lock);
  free(pool->free);
  free(pool->is_ours);
  free(pool->ready);
}

int adtap_pool_give(struct adtap_pool *pool, uint32_t slot) {
  adtap_lock(&pool->lock);
  int is_new = slot < pool->slots && !pool->is_ours[slot];
  if (is_new) {
    pool->is_ours[slot] = 1;
    pool->free[pool->free_count++] = slot;
  }
  adtap_unlock(&pool->lock);
  return is_new;
}

int adtap_pool_take(struct adtap_pool *pool, struct adtap_ready *ready) {
  adtap_lock(&pool->lock);
  int found = pool->ready_count > 0;
  if (found) {
    *ready = pool->ready[pool->ready_first];
    pool->ready_first = (pool->ready_first + 1) % pool->slots;
    pool->ready_count--;
    pool->is_ours[ready->slot] = 0;
  } else {
    pool->is_woken = 0;
  }
  adtap_unlock(&pool->lock);
  return found;
}

int64_t adtap_pool_grab(struct adtap_pool *pool) {
  adtap_lock(&pool->lock);
  int64_t slot = pool->free_count > 0 ? (int64_t)pool->free[--pool->free_count] : -1;
  adtap_unlock(&pool->lock);
  return slot;
}

void adtap_pool_put_back(struct adtap_pool *pool, uint32_t slot) {
  adtap_lock(&pool->lock);
  pool->free[pool->free_count++] = slot;
  adtap_unlock(&pool->lock);
}

static void wake_locked(struct adtap_pool *pool) {
  if (pool->is_woken || pool->wake == NULL) return;
  pool->is_woken = 1;
  pool->wake(pool->wake_context);
}

void adtap_pool_deliver(struct adtap_pool *pool, struct adtap_ready ready) {
  adtap_lock(&pool->lock);
  pool->ready[(pool->ready_first + pool->ready_count) % pool->slots] = ready;
  pool->ready_count++;
  wake_locked(pool);
  adtap_unlock(&pool->lock);
}

int adtap_pool_is_drained(struct adtap_pool *pool) {
  adtap_lock(&pool->lock);
  int is_drained = pool->ready_count == 0;
  adtap_unlock(&pool->lock);
  return is_drained;
}

void adtap_pool_wake(struct adtap_pool *pool) {
  adtap_lock(&pool->lock);
  wake_locked(pool);
  adtap_unlock(&pool->lock);
}

// A pool of slots in memory that JavaScript shares: capture threads fill free slots, JavaScript takes them when ready and gives them
// back. One lock, held for a few instructions and never while a packet is copied.
#ifndef ADTAP_POOL_H
#define ADTAP_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "platform.h"

// In front of each packet: seconds, nanoseconds, captured length, length on the wire. Packets start at multiples of 8.
#define ADTAP_RECORD_BYTES 16u
#define ADTAP_ALIGN(n) (((n) + 7u) & ~(size_t)7u)

struct adtap_ready {
  uint32_t slot;
  uint32_t capture;
  uint32_t packets;
  uint32_t bytes;
};

struct adtap_pool {
  adtap_mutex lock;
  uint8_t *memory;
  size_t stride;
  uint32_t slot_bytes;
  uint32_t slot_packets;
  uint32_t slots;
  // Stack of free slots, and which slots are out of JavaScript's hands.
  uint32_t *free;
  uint8_t *is_ours;
  uint32_t free_count;
  // Ring of filled slots; each slot is in it once at most.
  struct adtap_ready *ready;
  uint32_t ready_first;
  uint32_t ready_count;
  // Told when a slot gets ready or a capture ends, once until adtap_pool_take() found nothing.
  void (*wake)(void *context);
  void *wake_context;
  int is_woken;
};

int adtap_pool_init(struct adtap_pool *pool, uint8_t *memory, size_t stride, uint32_t slots, uint32_t slot_bytes,
                    uint32_t slot_packets);
void adtap_pool_free(struct adtap_pool *pool);

// JavaScript gives a slot; 0 if it is none of the pool's or was given already.
int adtap_pool_give(struct adtap_pool *pool, uint32_t slot);
// JavaScript takes a filled slot; 0 if there is none, and then the next one wakes it again.
int adtap_pool_take(struct adtap_pool *pool, struct adtap_ready *ready);

// A capture thread wants an empty slot; -1 if there is none.
int64_t adtap_pool_grab(struct adtap_pool *pool);
// Puts back a slot that nothing was written to.
void adtap_pool_put_back(struct adtap_pool *pool, uint32_t slot);
// A capture thread hands over a filled slot.
void adtap_pool_deliver(struct adtap_pool *pool, struct adtap_ready ready);
// Whether JavaScript has taken everything so far.
int adtap_pool_is_drained(struct adtap_pool *pool);
// Wakes JavaScript for another reason than a slot.
void adtap_pool_wake(struct adtap_pool *pool);

#endif

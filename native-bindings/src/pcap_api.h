// libpcap's ABI, as pcap(3PCAP) documents it, found at run time: building needs no libpcap, and a machine without it still replays.
#ifndef ADTAP_PCAP_API_H
#define ADTAP_PCAP_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#include <winsock2.h>
#else
#include <sys/socket.h>
#include <sys/time.h>
#endif

#define ADTAP_ERRBUF_SIZE 256

#define ADTAP_IF_LOOPBACK 0x01u
#define ADTAP_IF_UP 0x02u
#define ADTAP_IF_RUNNING 0x04u
#define ADTAP_IF_WIRELESS 0x08u
#define ADTAP_IF_CONNECTION_STATUS 0x30u
#define ADTAP_IF_CONNECTION_STATUS_DISCONNECTED 0x20u

#define ADTAP_TSTAMP_PRECISION_NANO 1
#define ADTAP_ERROR_BREAK (-2)
#define ADTAP_NETMASK_UNKNOWN 0xffffffffu

typedef struct adtap_pcap adtap_pcap;

struct adtap_pcap_addr {
  struct adtap_pcap_addr *next;
  struct sockaddr *addr;
  struct sockaddr *netmask;
  struct sockaddr *broadaddr;
  struct sockaddr *dstaddr;
};

struct adtap_pcap_if {
  struct adtap_pcap_if *next;
  char *name;
  char *description;
  struct adtap_pcap_addr *addresses;
  uint32_t flags;
};

struct adtap_pkthdr {
  struct timeval ts;
  uint32_t caplen;
  uint32_t len;
};

struct adtap_bpf_insn {
  uint16_t code;
  uint8_t jt;
  uint8_t jf;
  uint32_t k;
};

struct adtap_bpf_program {
  unsigned bf_len;
  struct adtap_bpf_insn *bf_insns;
};

struct adtap_pcap_stat {
  unsigned ps_recv;
  unsigned ps_drop;
  unsigned ps_ifdrop;
#ifdef _WIN32
  unsigned ps_capt;
  unsigned ps_sent;
  unsigned ps_netdrop;
#endif
};

typedef void (*adtap_pcap_handler)(unsigned char *user, const struct adtap_pkthdr *header, const unsigned char *bytes);

// Those in the second list are newer than libpcap 1.0 or not on every platform; they may be NULL.
#define ADTAP_PCAP_REQUIRED(F)                                                                                          \
  F(const char *, lib_version, (void))                                                                                  \
  F(int, findalldevs, (struct adtap_pcap_if * *devices, char *error))                                                    \
  F(void, freealldevs, (struct adtap_pcap_if * devices))                                                                 \
  F(adtap_pcap *, create, (const char *device, char *error))                                                            \
  F(int, set_snaplen, (adtap_pcap * pcap, int snaplen))                                                                  \
  F(int, set_promisc, (adtap_pcap * pcap, int promiscuous))                                                              \
  F(int, set_timeout, (adtap_pcap * pcap, int milliseconds))                                                             \
  F(int, set_buffer_size, (adtap_pcap * pcap, int bytes))                                                                \
  F(int, activate, (adtap_pcap * pcap))                                                                                  \
  F(int, datalink, (adtap_pcap * pcap))                                                                                  \
  F(int, snapshot, (adtap_pcap * pcap))                                                                                  \
  F(int, compile, (adtap_pcap * pcap, struct adtap_bpf_program * program, const char *expression, int optimise,          \
                   uint32_t netmask))                                                                                   \
  F(int, setfilter, (adtap_pcap * pcap, struct adtap_bpf_program * program))                                             \
  F(void, freecode, (struct adtap_bpf_program * program))                                                               \
  F(int, offline_filter, (const struct adtap_bpf_program *program, const struct adtap_pkthdr *header,                   \
                          const unsigned char *bytes))                                                                  \
  F(int, dispatch, (adtap_pcap * pcap, int count, adtap_pcap_handler handler, unsigned char *user))                      \
  F(int, next_ex, (adtap_pcap * pcap, struct adtap_pkthdr * *header, const unsigned char **bytes))                       \
  F(void, breakloop, (adtap_pcap * pcap))                                                                                \
  F(void, close, (adtap_pcap * pcap))                                                                                    \
  F(int, stats, (adtap_pcap * pcap, struct adtap_pcap_stat * stats))                                                     \
  F(char *, geterr, (adtap_pcap * pcap))                                                                                 \
  F(const char *, statustostr, (int status))                                                                            \
  F(adtap_pcap *, open_dead, (int linktype, int snaplen))                                                               \
  F(adtap_pcap *, open_offline, (const char *path, char *error))                                                        \
  F(int, sendpacket, (adtap_pcap * pcap, const unsigned char *bytes, int length))                                        \
  F(int, setnonblock, (adtap_pcap * pcap, int nonblocking, char *error))

#define ADTAP_PCAP_OPTIONAL(F)                                                                                          \
  F(int, get_selectable_fd, (adtap_pcap * pcap))                                                                         \
  F(int, set_tstamp_precision, (adtap_pcap * pcap, int precision))                                                       \
  F(int, get_tstamp_precision, (adtap_pcap * pcap))                                                                      \
  F(adtap_pcap *, open_offline_with_tstamp_precision, (const char *path, unsigned precision, char *error))

struct adtap_pcap_api {
#define ADTAP_FIELD(result, name, parameters) result(*name) parameters;
  ADTAP_PCAP_REQUIRED(ADTAP_FIELD)
  ADTAP_PCAP_OPTIONAL(ADTAP_FIELD)
#undef ADTAP_FIELD
  // bpf_validate(): 1 when a program neither jumps nor reads out of its bounds, and ends. Optional.
  int (*validate)(const struct adtap_bpf_insn *program, int length);
};

// The functions of the loaded library; valid after adtap_pcap_load() gave 1.
extern struct adtap_pcap_api pcap;

// Loads libpcap once a process. Returns 1, or 0 with one line in `error` that says what to install.
int adtap_pcap_load(char *error, size_t size);

// LINKTYPE_ number (as capture files have it) of a DLT_ number (as this platform's libpcap has it).
int adtap_linktype(int dlt);
// And back.
int adtap_dlt(int linktype);

#endif

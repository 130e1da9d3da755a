// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of ops: what each is called, and its operands. What they do is the
 * executor's, see execute.h.
 */
#include "pools.h"
#include "program.h"

#define FD(what)                                                               \
	{                                                                      \
		.key = "fd", .kind = OPERAND_FD, .type = (what)                \
	}
#define TO_FD(what)                                                            \
	{                                                                      \
		.key = "to", .kind = OPERAND_FD, .result = true,               \
		.type = (what)                                                 \
	}
#define CARD                                                                   \
	{                                                                      \
		.key = "card", .kind = OPERAND_FD, .type = FD_CARD             \
	}
#define MAP                                                                    \
	{                                                                      \
		.key = "map", .kind = OPERAND_MAP                              \
	}
#define TO_MAP                                                                 \
	{                                                                      \
		.key = "to", .kind = OPERAND_MAP, .result = true               \
	}
#define ID                                                                     \
	{                                                                      \
		.key = "id", .kind = OPERAND_ID                                \
	}
#define TO_ID                                                                  \
	{                                                                      \
		.key = "to", .kind = OPERAND_ID, .result = true                \
	}
#define NUMBER(name, numbers)                                                  \
	{                                                                      \
		.key = (name), .kind = OPERAND_NUMBER, .pool = &pool_##numbers \
	}
#define WORD(name, list)                                                       \
	{                                                                      \
		.key = (name), .kind = OPERAND_WORD, .words = (list)           \
	}
#define AT                                                                     \
	{                                                                      \
		.key = "at", .kind = OPERAND_PLACE                             \
	}

/* The order is that of the tables in the executor */
static const char *const word_device[] = {"bochs", "display", "gpu", NULL};
static const char *const word_driver[] = {"vgem", "vkms", NULL};
static const char *const word_mode[] = {"r", "rw", "path", NULL};
static const char *const word_whence[] = {"set", "cur", "end", NULL};
static const char *const word_prot[] = {"none", "r", "w", "rw", "rx", NULL};
static const char *const word_share[] = {"shared", "private", NULL};
static const char *const word_move[] = {"stay", "move", "keep", NULL};
static const char *const word_access[] = {"read", "write", NULL};
static const char *const word_advice[] = {
	"dontneed", "willneed", "remove", "dontfork", "dofork", "hugepage",
	"cold",	    "pageout",	"free",	  "populate", "merge",	NULL};
static const char *const word_lock[] = {"lock", "unlock", "sync", "core", NULL};
static const char *const word_gup[] = {"vm_read", "vm_write", "splice", NULL};

static const char *const word_queue[] = {"control", "cursor", NULL};
static const char *const word_table[] = {"control", "cursor", "indirect", NULL};
static const char *const word_common[] = {"device_feature_select",
					  "guest_feature_select",
					  "guest_feature",
					  "msix_config",
					  "device_status",
					  "queue_select",
					  "queue_size",
					  "queue_msix_vector",
					  "queue_enable",
					  "queue_notify_off",
					  "queue_desc_lo",
					  "queue_desc_hi",
					  "queue_avail_lo",
					  "queue_avail_hi",
					  "queue_used_lo",
					  "queue_used_hi",
					  "device_feature",
					  "num_queues",
					  "config_generation",
					  NULL};
static const char *const word_command[] = {"display_info",
					   "edid",
					   "create_2d",
					   "unref",
					   "set_scanout",
					   "flush",
					   "transfer",
					   "attach",
					   "detach",
					   "create_blob",
					   "set_scanout_blob",
					   "update_cursor",
					   "move_cursor",
					   "raw",
					   NULL};

const struct op_type op_types[OP_KINDS] = {
	[OP_OPEN] = {"open", {TO_FD(FD_DEVICE), WORD("device", word_device)}},
	[OP_REMOVE] = {"remove", {WORD("device", word_device)}},
	[OP_MAKE] = {"make", {WORD("device", word_device)}},
	[OP_CLOSE] = {"close", {FD(FD_ANY)}},
	[OP_DUP] = {"dup", {TO_FD(FD_ANY), FD(FD_ANY)}},
	[OP_REOPEN] = {"reopen",
		       {TO_FD(FD_ANY), FD(FD_DMABUF), WORD("mode", word_mode)}},
	[OP_PASS] = {"pass", {TO_FD(FD_ANY), FD(FD_ANY)}},
	[OP_POST] = {"post", {FD(FD_ANY)}},
	[OP_EVENTFD] = {"eventfd", {TO_FD(FD_EVENT)}},
	[OP_FORK] = {"fork", {{0}}},
	[OP_REPEAT] = {"repeat", {NUMBER("count", count)}},
	[OP_IOCTL] = {"ioctl",
		      {FD(FD_ANY), NUMBER("cmd", command), AT,
		       NUMBER("w0", argsz), NUMBER("w1", value),
		       NUMBER("w2", value), NUMBER("w3", value)}},

	[OP_DEVICE_INFO] = {"device_info",
			    {FD(FD_DEVICE), NUMBER("argsz", argsz), AT}},
	[OP_REGION_INFO] = {"region_info",
			    {FD(FD_DEVICE), NUMBER("argsz", argsz),
			     NUMBER("index", region), AT}},
	[OP_IRQ_INFO] = {"irq_info",
			 {FD(FD_DEVICE), NUMBER("argsz", argsz),
			  NUMBER("index", small), AT}},
	[OP_SET_IRQS] =
		{"set_irqs",
		 {FD(FD_DEVICE),
		  NUMBER("argsz", argsz),
		  NUMBER("flags", irq_flags),
		  NUMBER("index", small),
		  NUMBER("start", small),
		  NUMBER("count", count),
		  {.key = "event", .kind = OPERAND_FD, .type = FD_EVENT},
		  AT}},
	[OP_RESET] = {"reset", {FD(FD_DEVICE)}},
	[OP_READ] = {"read",
		     {FD(FD_DEVICE), NUMBER("region", region),
		      NUMBER("offset", offset), NUMBER("size", length), AT}},
	[OP_WRITE] = {"write",
		      {FD(FD_DEVICE), NUMBER("region", region),
		       NUMBER("offset", offset), NUMBER("size", length),
		       NUMBER("value", value), AT}},
	[OP_DISPI] = {"dispi",
		      {FD(FD_DEVICE), NUMBER("reg", dispi),
		       NUMBER("value", pixels)}},
	[OP_MODE] = {"mode",
		     {FD(FD_DEVICE), NUMBER("width", pixels),
		      NUMBER("height", pixels), NUMBER("bpp", bpp),
		      NUMBER("virt", pixels), NUMBER("x", pixels),
		      NUMBER("y", pixels)}},
	[OP_PLANE] = {"plane",
		      {FD(FD_DEVICE), NUMBER("plane", plane),
		       NUMBER("reg", plane_register), NUMBER("value", pixels)}},
	[OP_SHOW] = {"show",
		     {FD(FD_DEVICE), NUMBER("plane", plane),
		      NUMBER("memory", small), NUMBER("format", fourcc),
		      NUMBER("width", pixels), NUMBER("height", pixels),
		      NUMBER("stride", pixels), NUMBER("offset", offset)}},

	[OP_GPU_START] = {"gpu_start",
			  {FD(FD_VIRTIO), NUMBER("features", gpu_features),
			   NUMBER("control", ring_size),
			   NUMBER("cursor", ring_size), NUMBER("place", length),
			   NUMBER("status", bits)}},
	[OP_GPU_COMMON] = {"gpu_common",
			   {FD(FD_VIRTIO), WORD("field", word_common),
			    NUMBER("value", gpu_common)}},
	[OP_GPU_DESC] = {"gpu_desc",
			 {WORD("table", word_table), NUMBER("index", small),
			  NUMBER("addr", guest), NUMBER("length", gpu_length),
			  NUMBER("flags", small), NUMBER("next", small)}},
	[OP_GPU_AVAIL] = {"gpu_avail",
			  {WORD("queue", word_queue), NUMBER("head", small),
			   NUMBER("count", gpu_count)}},
	[OP_GPU_BYTES] = {"gpu_bytes",
			  {NUMBER("addr", guest), NUMBER("size", small),
			   NUMBER("value", gpu_common)}},
	[OP_GPU_NOTIFY] = {"gpu_notify",
			   {FD(FD_VIRTIO), WORD("queue", word_queue)}},
	[OP_GPU_WAIT] = {"gpu_wait",
			 {FD(FD_VIRTIO), WORD("queue", word_queue)}},
	[OP_GPU_COMMAND] = {"gpu_command",
			    {FD(FD_VIRTIO), WORD("cmd", word_command),
			     NUMBER("id", small), NUMBER("a", gpu_a),
			     NUMBER("b", pixels), NUMBER("c", pixels),
			     NUMBER("d", guest), NUMBER("how", gpu_how)}},
	[OP_DMA_MAP] = {"dma_map",
			{FD(FD_CONTAINER), NUMBER("iova", guest),
			 NUMBER("size", length), NUMBER("flags", small), AT}},
	[OP_DMA_UNMAP] = {"dma_unmap",
			  {FD(FD_CONTAINER), NUMBER("iova", guest),
			   NUMBER("size", length), NUMBER("flags", small)}},

	[OP_GFX_QUERY] = {"gfx_query",
			  {TO_ID, FD(FD_DEVICE), NUMBER("argsz", argsz),
			   NUMBER("flags", gfx_flags), NUMBER("type", small),
			   AT}},
	[OP_GFX_GET] = {"gfx_get", {TO_FD(FD_DMABUF), FD(FD_DEVICE), ID, AT}},
	[OP_MANAGER] = {"manager",
			{TO_FD(FD_MANAGER), FD(FD_DEVICE),
			 NUMBER("type", small), AT}},
	[OP_QUERY] = {"query",
		      {FD(FD_MANAGER), NUMBER("argsz", argsz),
		       NUMBER("flags", bits), NUMBER("plane", plane), AT}},
	[OP_CREATE] = {"create",
		       {TO_FD(FD_DMABUF), FD(FD_MANAGER),
			NUMBER("argsz", argsz), NUMBER("flags", bits),
			NUMBER("plane", plane), AT}},
	[OP_INFO] = {"info",
		     {FD(FD_MANAGER), NUMBER("argsz", argsz),
		      NUMBER("flags", bits), AT}},
	[OP_DROP] = {"drop",
		     {FD(FD_MANAGER), NUMBER("argsz", argsz),
		      NUMBER("flags", bits), NUMBER("rights", bits), AT}},
	[OP_REQUEST_MODE] = {"request_mode",
			     {FD(FD_MANAGER), NUMBER("argsz", argsz),
			      NUMBER("flags", bits), NUMBER("head", small),
			      NUMBER("width", pixels), NUMBER("height", pixels),
			      NUMBER("refresh", pixels), AT}},
	[OP_POLL] = {"poll", {FD(FD_ANY), NUMBER("events", bits)}},
	[OP_EPOLL] = {"epoll",
		      {TO_FD(FD_ANY), FD(FD_MANAGER), NUMBER("events", bits)}},
	[OP_FDINFO] = {"fdinfo", {FD(FD_ANY)}},

	[OP_SYNC] = {"sync", {FD(FD_DMABUF), NUMBER("flags", sync), AT}},
	[OP_SYNC_FILE] = {"sync_file",
			  {TO_FD(FD_ANY), FD(FD_DMABUF), NUMBER("flags", sync),
			   AT}},
	[OP_SEEK] = {"seek",
		     {FD(FD_ANY), NUMBER("offset", offset),
		      WORD("whence", word_whence)}},
	[OP_NAME] = {"name", {FD(FD_DMABUF), NUMBER("size", length), AT}},
	[OP_CARD] = {"card", {TO_FD(FD_CARD), WORD("driver", word_driver)}},
	[OP_IMPORT] = {"import", {TO_ID, CARD, FD(FD_DMABUF)}},
	[OP_GEM_MAP] = {"gem_map",
			{TO_MAP, CARD, ID, NUMBER("size", length),
			 WORD("prot", word_prot)}},
	[OP_GEM_EXPORT] = {"gem_export", {TO_FD(FD_DMABUF), CARD, ID}},
	[OP_GEM_CLOSE] = {"gem_close", {CARD, ID}},

	[OP_MAP] = {"map",
		    {TO_MAP, FD(FD_ANY), NUMBER("region", region),
		     NUMBER("offset", offset), NUMBER("size", length),
		     WORD("prot", word_prot), WORD("share", word_share),
		     NUMBER("skew", small)}},
	[OP_UNMAP] = {"unmap",
		      {MAP, NUMBER("offset", offset), NUMBER("size", length)}},
	[OP_REMAP] = {"remap",
		      {TO_MAP, MAP, NUMBER("offset", offset),
		       NUMBER("size", length), NUMBER("new", length),
		       WORD("how", word_move)}},
	[OP_ADVISE] = {"advise",
		       {MAP, NUMBER("offset", offset), NUMBER("size", length),
			WORD("advice", word_advice)}},
	[OP_PROTECT] = {"protect",
			{MAP, NUMBER("offset", offset), NUMBER("size", length),
			 WORD("prot", word_prot)}},
	[OP_TOUCH] = {"touch",
		      {MAP, NUMBER("offset", offset), NUMBER("size", length),
		       WORD("access", word_access)}},
	[OP_LOCK] = {"lock",
		     {MAP, NUMBER("offset", offset), NUMBER("size", length),
		      WORD("how", word_lock)}},
	[OP_GUP] = {"gup",
		    {MAP, NUMBER("offset", offset), NUMBER("size", length),
		     WORD("how", word_gup)}},
};

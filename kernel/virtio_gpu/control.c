// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control queue: which command it is, whether all of it is there, who
 * carries it out, and the answer. Commands are carried out one after the other
 * and complete when they are answered, so a fence needs no more than its id in
 * the answer.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/virtio_config.h>

#include "virtio_gpu.h"

static u32 get_display_info(struct vgpu *vgpu)
{
	vgpu_display_info(vgpu);
	return VIRTIO_GPU_RESP_OK_DISPLAY_INFO;
}

/*
 * size is what a command must have at the least, answer what a good one answers
 * if that is more than a header; feature is one that it belongs to, or 0.
 */
struct control_command {
	u32 (*run)(struct vgpu *vgpu);
	u16 size;
	u16 answer;
	u8 feature;
};

#define COMMAND(member, function)					\
	{ .run = (function),						\
	  .size = sizeof_field(union vgpu_command, member) }

/* By type, from VIRTIO_GPU_CMD_GET_DISPLAY_INFO on */
static const struct control_command control_commands[] = {
	[0] = {
		.run = get_display_info,
		.size = sizeof(struct virtio_gpu_ctrl_hdr),
		.answer = sizeof(struct virtio_gpu_resp_display_info),
	},
	[VIRTIO_GPU_CMD_RESOURCE_CREATE_2D - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(create_2d, vgpu_resource_create_2d),
	[VIRTIO_GPU_CMD_RESOURCE_UNREF - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(unref, vgpu_resource_unref),
	[VIRTIO_GPU_CMD_SET_SCANOUT - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(set_scanout, vgpu_scanout_set),
	[VIRTIO_GPU_CMD_RESOURCE_FLUSH - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(flush, vgpu_scanout_flush),
	[VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(transfer, vgpu_resource_transfer),
	[VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING -
	 VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(attach, vgpu_resource_attach),
	[VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING -
	 VIRTIO_GPU_CMD_GET_DISPLAY_INFO] =
		COMMAND(detach, vgpu_resource_detach),
	[VIRTIO_GPU_CMD_GET_EDID - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] = {
		.run = vgpu_display_edid,
		.size = sizeof(struct virtio_gpu_cmd_get_edid),
		.answer = sizeof(struct virtio_gpu_resp_edid),
		.feature = VIRTIO_GPU_F_EDID,
	},
	[VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB -
	 VIRTIO_GPU_CMD_GET_DISPLAY_INFO] = {
		.run = vgpu_resource_create_blob,
		.size = sizeof(struct virtio_gpu_resource_create_blob),
		.feature = VIRTIO_GPU_F_RESOURCE_BLOB,
	},
	[VIRTIO_GPU_CMD_SET_SCANOUT_BLOB - VIRTIO_GPU_CMD_GET_DISPLAY_INFO] = {
		.run = vgpu_scanout_set_blob,
		.size = sizeof(struct virtio_gpu_set_scanout_blob),
		.feature = VIRTIO_GPU_F_RESOURCE_BLOB,
	},
};

/* The command of a type, or NULL: there is none, or not for this driver. */
static const struct control_command *find_command(struct vgpu *vgpu, u32 type)
{
	const struct control_command *command;
	u64 features;

	type -= VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	if (type >= ARRAY_SIZE(control_commands))
		return NULL;
	command = &control_commands[array_index_nospec(type,
						       ARRAY_SIZE(control_commands))];
	mutex_lock(&vgpu->vdev.lock);
	features = vgpu->driver_features;
	mutex_unlock(&vgpu->vdev.lock);
	if (!command->run ||
	    (command->feature && !(features & BIT_ULL(command->feature))))
		return NULL;
	return command;
}

/*
 * Copy a command to vgpu->command, its fixed part, zeroed where the guest sent
 * less; *size is how much it sent.
 */
int vgpu_fetch_command(struct vgpu *vgpu, size_t *size)
{
	*size = min_t(u64, vgpu->request->out_size, sizeof(vgpu->command));
	memset(&vgpu->command, 0, sizeof(vgpu->command));
	return vgpu_request_read(vgpu, 0, &vgpu->command, *size);
}

/*
 * Have vgpu->response be the answer, @size bytes, whose header is made here: the
 * type, and the fence if one was asked for. Returns @size.
 */
ssize_t vgpu_answer(struct vgpu *vgpu, u32 type, size_t size)
{
	const struct virtio_gpu_ctrl_hdr *asked = &vgpu->command.hdr;
	struct virtio_gpu_ctrl_hdr *hdr = &vgpu->response.hdr;
	u32 flags = le32_to_cpu(asked->flags);

	memset(hdr, 0, sizeof(*hdr));
	hdr->type = cpu_to_le32(type);
	if (flags & VIRTIO_GPU_FLAG_FENCE) {
		hdr->flags = cpu_to_le32(VIRTIO_GPU_FLAG_FENCE);
		hdr->fence_id = asked->fence_id;
		hdr->ctx_id = asked->ctx_id;
	}
	return size;
}

/* Has the worker been called away from a command that answers so? */
bool vgpu_was_left(u32 type)
{
	return type == VGPU_NO_ANSWER ||
	       (type >= VIRTIO_GPU_RESP_ERR_UNSPEC && vgpu_worker_is_called());
}

ssize_t vgpu_control(struct vgpu *vgpu)
{
	const struct control_command *command;
	u32 type = VIRTIO_GPU_RESP_ERR_UNSPEC;
	size_t answer = sizeof(struct virtio_gpu_ctrl_hdr), size;
	int ret;

	ret = vgpu_fetch_command(vgpu, &size);
	if (ret)
		return ret;
	command = find_command(vgpu, le32_to_cpu(vgpu->command.hdr.type));
	if (command && size < command->size) {
		type = VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	} else if (command) {
		type = command->run(vgpu);
		if (vgpu_was_left(type))
			return -EINTR;
		if (type < VIRTIO_GPU_RESP_ERR_UNSPEC && command->answer)
			answer = command->answer;
	}
	return vgpu_answer(vgpu, type, answer);
}
